"""Whether anything normalises what a network gets, and whether that is what its files state."""

from collections.abc import Iterator

from ..data import Prepared
from ..data.normalise import KNOWN
from ..data.scale import Scale, scale_of
from ..features.reaching import reaching
from ..models import Checkpoint
from ..models.stated import StatedNormalisation, constants_text
from ..trials import DataSpec
from ..wording import counted

_BELOW = "below its [[data]]"
_RUN = 16  # samples that a person's own code is looked at with


def remarks_on_inputs(checkpoint: Checkpoint, spec: DataSpec, data: Prepared) -> Iterator[str]:
    """Say that nothing normalises what a network gets, or that something else does than its files state.

    Nothing is said of inputs that are as normalisation leaves them, whatever made them so: the data set's setting,
    whoever saved it, or the network's own code.

    Raises
    ------
    UserError
        If a picture cannot be read.
    """
    if data.kind == "images":
        yield from _on_images(checkpoint, spec, data)
    elif data.kind == "numbers":
        yield from _on_numbers(checkpoint, spec, data)


def _on_images(checkpoint: Checkpoint, spec: DataSpec, data: Prepared) -> Iterator[str]:
    stated = checkpoint.stated
    mean, deviation = data.normalisation.mean, data.normalisation.deviation
    if mean is not None and deviation is not None:
        taken = mean.ravel().tolist(), deviation.ravel().tolist()
        if stated and not stated.agrees(*taken):
            yield _contradicted(stated, spec, f"normalised by {constants_text(*taken)}")
        return
    scale = _scale(checkpoint, data)
    if scale is None or scale.centred.all() or (stated and stated.is_none):
        return
    ends = f"from {scale.low.min():.4g} to {scale.high.max():.4g}"
    if stated:
        yield _contradicted(stated, spec, f"taken as they are, {ends}")
    else:
        yield (
            f"Nothing normalises the images of {spec.name}: a network that does not do so itself gets them {ends}. If "
            f'it was trained on normalised ones, say how {_BELOW}, such as normalise = "{_fitting(spec, data)}".'
        )


def _contradicted(stated: StatedNormalisation, spec: DataSpec, taken: str) -> str:
    constants = '"none"' if stated.is_none else [list(stated.mean), list(stated.deviation)]
    return (
        f"The {stated.source} states {stated.text}, and the images of {spec.name} are {taken}. To follow it, write "
        f"normalise = {constants} {_BELOW}."
    )


def _on_numbers(checkpoint: Checkpoint, spec: DataSpec, data: Prepared) -> Iterator[str]:
    scale = _scale(checkpoint, data)
    if scale is None:
        return
    uneven = ~(scale.centred | scale.bounded)
    if uneven.any():
        yield (
            f"Nothing normalises the numbers of {spec.name}: {int(uneven.sum()):,} of "
            f"{counted(len(uneven), 'column')} are not around 0 with a deviation around 1, nor between −1 and 1. If a "
            "network was trained on columns that were scaled, scale these alike before they are saved."
        )


def _scale(checkpoint: Checkpoint, data: Prepared) -> Scale | None:
    """Return the scale of what a network's first layer gets; None where that layer is a norm."""
    architecture = checkpoint.architecture
    if architecture is None or architecture.family != "own":
        return data.scale
    values = reaching(checkpoint.skeleton(), data.some(_RUN))
    if values is None:
        return None
    flat = values.float().reshape(-1, 1) if data.kind == "images" else values.float().flatten(1)
    return scale_of(flat.numpy())


def _fitting(spec: DataSpec, data: Prepared) -> str:
    """Return a known normalisation: of this very set, or else of as many channels."""
    if spec.path in KNOWN:
        return spec.path
    return next((name for name, (means, _) in KNOWN.items() if len(means) == data.shape[0]), "…")

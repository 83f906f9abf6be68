"""What a file tells of its network: how the tensors are called, which are one, and what builds it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..errors import UserError
from ..trust import is_library
from .builder import Builder
from .heads import head_size_in
from .recognising import UnrecognisedError, builder_of, is_own
from .structure import Structure
from .structure.building import structured_builder
from .structure.stated import stated
from .tensor_file import TensorFile
from .tensor_names import Naming, namings, whole
from .ties import equal_heads, kept_names


@dataclass(frozen=True)
class Recognition:
    """What is known of a file's tensors.

    Attributes
    ----------
    names : mapping of str to str
        What the file calls each tensor, by its canonical name: that of the network's code, as far as this is known.
    ties : mapping of str to str
        The further names of tensors, each with the one that it is kept by; canonical ones.
    aside : tuple of str
        The file's names of what belongs to losses, metrics and profilers.
    builder : Builder or None
        What builds the network.
    unknown : UnrecognisedError or None
        Why nothing does.
    found : tuple of str
        Settings that nothing tells and that the weights show, in words.
    """

    names: Mapping[str, str]
    ties: Mapping[str, str]
    aside: tuple[str, ...]
    builder: Builder | None
    unknown: UnrecognisedError | None
    found: tuple[str, ...] = ()


def recognition(file: TensorFile, metadata: Mapping[str, Any], network: str | None = None) -> Recognition:
    """Find out what a file's tensors are called and what builds their network.

    Raises
    ------
    UserError
        If ``network``, or what the metadata says of it, cannot be built.
    """
    structure = stated(metadata)
    if structure:
        return _structured(file, structure, metadata)
    ties = kept_names({**equal_heads(file, metadata), **file.ties})
    if is_own(network, metadata):
        return _recognition(ties, *_own(file, metadata, network))
    naming, known = _known(file, ties, metadata, network)
    likely = known.likely if isinstance(known, UnrecognisedError) else None
    size = head_size_in(file, naming.names) if likely and not likely.unheeded else None
    if size:
        with suppress(UserError):
            builder = _builder(file, naming, ties, {**metadata, "head_dim": size}, network)
            return _recognition(ties, naming, builder, (f"heads of {size} channels, by how large their weights are",))
    return _recognition(ties, naming, known)


def _structured(file: TensorFile, structure: Structure, metadata: Mapping[str, Any]) -> Recognition:
    """Return what a file of this program says of its edited network, whose tensors have the network's own names."""
    once = {name: spec for name, spec in file.specs.items() if name not in file.ties}
    names = {name: name for name in file.specs}
    return Recognition(names, file.ties, (), structured_builder(structure, once, metadata), None)


def _recognition(
    ties: Mapping[str, str], naming: Naming, known: Builder | UnrecognisedError, found: tuple[str, ...] = ()
) -> Recognition:
    builder, unknown = (known, None) if isinstance(known, Builder) else (None, known)
    called = builder.names if builder else {}
    names = {called.get(short, short): name for short, name in naming.names.items()}
    return Recognition(names, _canonical(ties, names), naming.aside, builder, unknown, found)


def _canonical(ties: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    canonical = {name: short for short, name in names.items()}
    return {canonical[a]: canonical[b] for a, b in ties.items() if a in canonical and b in canonical}


def _own(file: TensorFile, metadata: Mapping[str, Any], network: str | None) -> tuple[Naming, Builder]:
    """Return what builds a person's own network, and the names that have most in common with its tensors'."""
    builder = builder_of(network, file.specs, metadata)
    choices = [*whole(file.specs), *namings(file.specs)]
    if all(naming.names == choices[0].names for naming in choices):
        return choices[0], builder
    wanted = builder.skeleton().state_dict().keys()
    return max(choices, key=lambda naming: len(wanted & naming.names.keys())), builder


def _known(
    file: TensorFile, ties: Mapping[str, str], metadata: Mapping[str, Any], network: str | None
) -> tuple[Naming, Builder | UnrecognisedError]:
    """Return the names under which a family or a library knows the network; of none the canonical names, and why."""
    failed: list[tuple[Naming, UserError]] = []
    for naming in namings(file.specs):
        try:
            return naming, _builder(file, naming, ties, metadata, network)
        except UserError as error:
            failed.append((naming, error))
            if not isinstance(error, UnrecognisedError) and not (network and is_library(network)):
                raise
    naming, why = next((f for f in failed if getattr(f[1], "likely", None)), failed[0])
    if not isinstance(why, UnrecognisedError):
        raise why
    return naming, why


def _builder(
    file: TensorFile, naming: Naming, ties: Mapping[str, str], metadata: Mapping[str, Any], network: str | None
) -> Builder:
    """Return what builds a network that has each tensor once, or else under all of its names."""
    specs = {short: file.specs[name] for short, name in naming.names.items()}
    once = {short: spec for short, spec in specs.items() if naming.names[short] not in ties}
    if len(once) < len(specs):
        with suppress(UserError):
            return builder_of(network, once, metadata, naming.prefix)
    return builder_of(network, specs, metadata, naming.prefix)

"""What a network itself calls its tensors: without wrappers, and without what only stood beside it in training."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

# What wraps all of a network, by its attribute's name in the programs that train.
_WRAPPERS = ("module.", "model.", "net.", "network.", "ema.", "ema_model.", "model_ema.")
# What libraries put into names at any depth; no network calls a part of its own so.
_WRAPPED = {"_orig_mod", "_forward_module", "_fsdp_wrapped_module", "_fpw_module", "_checkpoint_wrapped_module"}
_AVERAGED = "n_averaged"
_LAST = {"weight", "bias"}  # of a single layer, whose name says more than its tensors' names
_COUNTERS = {"total_ops", "total_params"}  # of profilers, in every module
_LOSS = r"(.+_)?(loss|losses|criterion|criterions|criteria)(_(fn|func|function|module)s?)?"
_MEASURED = r"metrics?|acc|accuracy|f1|f1_score|auroc|auc|precision|recall|iou|miou|confusion_matrix|confmat"
_METRIC = rf"metrics?|accuracy|(train|val|valid|validation|test|best)_(.+_)?({_MEASURED})(_.+)?"
_ASIDE = re.compile(f"({_LOSS}|{_METRIC})", re.IGNORECASE)


@dataclass(frozen=True)
class Naming:
    """The names of a network's tensors.

    Attributes
    ----------
    names : mapping of str to str
        What the file calls each tensor, by what the network calls it; in the file's order.
    prefix : str
        What all of them have before them in the file.
    aside : tuple of str
        The file's names of what belongs to losses, metrics and profilers.
    """

    names: Mapping[str, str]
    prefix: str = ""
    aside: tuple[str, ...] = ()

    def without(self, prefix: str) -> "Naming":
        """Return the names without what all of them begin with."""
        names = {short.removeprefix(prefix): name for short, name in self.names.items()}
        return Naming(names, self.prefix + prefix, self.aside)


def canonical(names: Iterable[str]) -> Naming:
    """Return each tensor's name without known wrappers, and leave aside what is not the network's."""
    names = tuple(names)
    own = {name: name for name in names if not _counts_averages(name, names)}
    naming = _without_aside(Naming(_unwrapped(own, _WRAPPED)))
    while prefix := _wrapper(naming.names):
        naming = _without_aside(naming.without(prefix))
    return naming


def whole(names: Iterable[str]) -> Iterator[Naming]:
    """Yield each tensor's name without what wraps all of them, and without what wraps parts; nothing is left aside."""
    names = tuple(names)
    naming = Naming({name: name for name in names if not _counts_averages(name, names)})
    for wrapped in (naming, replace(naming, names=_unwrapped(naming.names, _WRAPPED))):
        naming = wrapped
        while (prefix := _shared(naming.names)) and (prefix in _WRAPPERS or prefix[:-1] in _WRAPPED):
            naming = naming.without(prefix)
        yield naming


def namings(names: Iterable[str]) -> Iterator[Naming]:
    """Yield what the tensors may be called: the canonical names, then those without whatever else all share."""
    naming = canonical(names)
    yield naming
    loose = replace(naming, names=_unwrapped(naming.names, {"module"}))
    if loose.names.keys() != naming.names.keys():
        yield loose
    while (prefix := _shared(loose.names)) and not any(name.removeprefix(prefix) in _LAST for name in loose.names):
        loose = _without_aside(loose.without(prefix))
        yield loose


def is_aside(name: str) -> bool:
    """Tell whether a tensor or a table of them belongs to a loss, a metric or a profiler, by its name."""
    return _ASIDE.fullmatch(name.partition(".")[0]) is not None or name.rpartition(".")[2] in _COUNTERS


def _counts_averages(name: str, names: tuple[str, ...]) -> bool:
    """Tell the counter that torch's averages keep beside the module."""
    return name == _AVERAGED and all(other.startswith("module.") or other == name for other in names)


def _unwrapped(names: Mapping[str, str], wrappers: set[str]) -> dict[str, str]:
    """Return the file's names by those without wrappers; as they were, where two would become one or none is left."""
    short = [".".join(part for part in name.split(".") if part not in wrappers) for name in names]
    apart = len({*short, ""}) > len(names)
    return dict(zip(short if apart else names, names.values(), strict=True))


def _without_aside(naming: Naming) -> Naming:
    aside = [short for short in naming.names if is_aside(short)]
    if not aside or len(aside) == len(naming.names):
        return naming
    kept = {short: name for short, name in naming.names.items() if short not in aside}
    return Naming(kept, naming.prefix, naming.aside + tuple(naming.names[short] for short in aside))


def _wrapper(names: Iterable[str]) -> str | None:
    shared = _shared(names)
    return shared if shared in _WRAPPERS else None


def _shared(names: Iterable[str]) -> str | None:
    """Return the part that all names begin with, with its dot; None if there is none."""
    heads = {name.partition(".")[0] + "." for name in names}
    head = next(iter(heads), "")
    return head if len(heads) == 1 and all(name.startswith(head) and name != head for name in names) else None

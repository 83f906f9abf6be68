"""As safetensors: tensors with structure and lineage; packed codes stay packed."""

from pathlib import Path

from torch import Tensor, nn

from ..models import open_checkpoint, write_checkpoint
from ..models.encodings.uniform import KEY as STORED
from ..models.reading import open_stored
from ..models.tensor_file import TensorFile
from .outgoing import Outgoing, own_entry


def check(outgoing: Outgoing) -> None:
    """Let everything pass: whatever opens here can be kept."""


def write(outgoing: Outgoing, draft: Path) -> None:
    """Write the file tensor by tensor."""
    file = _packed(outgoing) or outgoing.model
    codes = {} if file is outgoing.model else {STORED: own_entry(outgoing.model)[STORED]}
    order = {name: place for place, name in enumerate(file.specs)}

    def tensor(name: str) -> Tensor:
        outgoing.ticket.progress(order[name], len(order), name)
        return file.tensor(name)

    write_checkpoint(draft, file.specs, tensor, outgoing.said() | codes, file.ties)


def opened(outgoing: Outgoing, draft: Path) -> nn.Module | None:
    """Return the network of the file; None where nobody here builds it."""
    checkpoint = open_checkpoint(draft)
    return checkpoint.network() if checkpoint.architecture else None


def _packed(outgoing: Outgoing) -> TensorFile | None:
    """Return the tensors as they lie in the model's file, if some are codes of this program and shall stay so."""
    model = outgoing.model
    if outgoing.choice.dequantise or not own_entry(model).get(STORED):
        return None
    return open_stored(model.path)

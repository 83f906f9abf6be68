"""Whatever bytes a checkpoint has, it opens or gets one clear sentence."""

import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save, save_file, save_model

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import open_checkpoint

from .broken_checkpoints import STATE, WEIGHT, entry, exported, header, with_pickle
from .formats import FORMATS
from .networks import built


def opens_or_explains(path: Path) -> None:
    try:
        checkpoint = open_checkpoint(path)
    except UserError:
        return
    for name in checkpoint.specs:
        assert tuple(checkpoint.tensor(name).shape) == checkpoint.specs[name].shape


ODD = {
    "a shape of very many sides": {"a": entry((1,) * 100_000 + (2,)), "b": entry((2,), (8, 16))},
    "a very long number": b'{"a": {"dtype": "F32", "shape": [' + b"9" * 10_000 + b'], "data_offsets": [0, 8]}}',
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_header_opens_or_is_explained(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(header(ODD[name], bytes(16)))
    opens_or_explains(tmp_path / "a.safetensors")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def mutated(value: Any, data: st.DataObject) -> Any:
    """Return JSON with one of its values replaced, at any depth."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 3)):
        key = data.draw(st.sampled_from(sorted(value)))
        return value | {key: mutated(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 3)):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], mutated(value[place], data), *value[place + 1 :]]
    return data.draw(JSON)


@settings(max_examples=150)
@given(data=st.data())
def test_a_mutated_header_opens_or_is_explained(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = save(STATE)
    length = int.from_bytes(whole[:8], "little")
    path = tmp_path_factory.getbasetemp() / "mutated.safetensors"
    path.write_bytes(header(mutated(json.loads(whole[8 : 8 + length]), data), whole[8 + length :]))
    opens_or_explains(path)


@settings(max_examples=150)
@given(data=st.data())
def test_a_mutated_table_of_weights_opens_or_is_explained(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.pt2"
    exported(mutated(WEIGHT, data))(path)
    opens_or_explains(path)


@settings(max_examples=100)
@given(data=st.data())
def test_a_mutated_index_opens_or_is_explained(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "mutated"
    folder.mkdir(exist_ok=True)
    save_file(STATE, folder / "part.safetensors")
    index = {"metadata": {"total_size": 1}, "weight_map": dict.fromkeys(STATE, "part.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(mutated(index, data)))
    opens_or_explains(folder / "model.safetensors.index.json")


@cache
def whole(form: str) -> bytes:
    """Return a sound file."""
    with TemporaryDirectory() as folder:
        return FORMATS[form][0](built("mlp"), Path(folder)).read_bytes()


@settings(max_examples=100)
@given(
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4),
    cut=st.none() | st.floats(0, 1),
)
@pytest.mark.parametrize(
    "form", ["safetensors", "torch zip", "torch legacy", "training checkpoint", "TorchScript", "exported program"]
)
def test_changed_bytes_open_or_are_explained(
    form: str, tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, int]], cut: float | None
) -> None:
    content = bytearray(whole(form))
    for place, byte in changes:
        content[int(place * len(content))] = byte
    path = tmp_path_factory.getbasetemp() / "changed.bin"
    path.write_bytes(content[: len(content) if cut is None else int(cut * len(content))])
    opens_or_explains(path)


@settings(max_examples=150)
@given(start=st.sampled_from([b"PK\x03\x04", b"\x80\x02", b"\x80\x04\x95", b""]), rest=st.binary(max_size=200))
def test_any_bytes_open_or_are_explained(tmp_path_factory: pytest.TempPathFactory, start: bytes, rest: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.pt"
    path.write_bytes(start + rest)
    opens_or_explains(path)


@settings(max_examples=150)
@given(data=st.binary(max_size=120))
def test_any_pickle_in_an_archive_opens_or_is_explained(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "pickle.pt"
    with_pickle(path, b"\x80\x02" + data)
    opens_or_explains(path)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
SIDES = st.lists(st.integers(-1, 5) | st.integers(2**30, 2**70), max_size=4)
OFFSETS = st.lists(st.integers(-4, 40), min_size=2, max_size=2)
DTYPES = st.sampled_from(["F32", "I64", "BOOL", "BF16", "F4"])
ENTRIES = st.fixed_dictionaries({"dtype": DTYPES | ANYTHING, "shape": SIDES | ANYTHING, "data_offsets": OFFSETS})
NAMES = st.sampled_from(["__metadata__", "conv1.weight", "layer1.0.conv1.weight", "module.", "head.weight", ""])
HEADERS = st.dictionaries(NAMES | st.text(max_size=5), ENTRIES | ANYTHING, max_size=4)


@settings(max_examples=300)
@given(data=st.binary(max_size=200) | st.builds(header, HEADERS, st.binary(max_size=40)))
def test_any_safetensors_header_opens_or_explains(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.safetensors"
    path.write_bytes(data)
    opens_or_explains(path)


CONFIGURED = ("gpt2", "llama", "bert", "vit", "mlp", "recurrent")
KEYS = (
    *(
        "activation",
        "heads",
        "graftwork",
        "n_head",
        "num_attention_heads",
        "head_dim",
        "layer_norm_epsilon",
        "layer_norm_eps",
    ),
    *(
        "rms_norm_eps",
        "rope_theta",
        "rope_scaling",
        "rope_parameters",
        "max_position_embeddings",
        "architectures",
        "model_type",
    ),
)


@cache
def configured(family: str, folder: Path) -> Path:
    """Return a folder with the network of a family."""
    (folder / family).mkdir()
    save_model(built(family).module, str(folder / family / "model.safetensors"))
    return folder / family


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("configured")


@settings(max_examples=30)
@given(
    config=st.dictionaries(st.sampled_from(KEYS), JSON | st.dictionaries(st.sampled_from(KEYS), JSON), max_size=3)
    | JSON
)
@pytest.mark.parametrize("family", CONFIGURED)
def test_any_configuration_opens_or_is_explained(family: str, folders: Path, config: Any) -> None:
    folder = configured(family, folders)
    (folder / "config.json").write_text(json.dumps(config))
    with suppress(UserError):
        open_checkpoint(folder).network()(built(family).x)

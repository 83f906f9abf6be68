"""Data sets that must be refused, in every format."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from ..broken import Broken, Hostile, Shelf, canary, npy, repeated, zipped

DATA = Shelf()
Fill = Callable[[Any], None]
ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)
LABELS = np.array([0, 1, 0, 1])
PIXELS = np.zeros((4, 5, 6), np.uint8)


def picture(width: int = 6, height: int = 5, mode: str = "RGB", form: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (width, height)).save(stream, form)
    return stream.getvalue()


# Every format: nothing, something else, too little, a folder


def table() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({"a": ROWS[:, 0], "b": ROWS[:, 1]}), stream)
    return stream.getvalue()


def hdf5(**content: Any) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for name, value in content.items():
            file[name] = value
    return stream.getvalue()


def npz(**content: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **content)
    return stream.getvalue()


def folder_zip(**content: bytes) -> bytes:
    stream = io.BytesIO()
    zipped(stream, {name.replace("_", "/") + ".png": data for name, data in content.items()})
    return stream.getvalue()


def claim(path: Path, part: str, size: int) -> None:
    """Let the directory of a zip say that a part unpacks to so many bytes."""
    data = bytearray(path.read_bytes())
    entry = data.rindex(part.encode()) - 46
    data[entry + 24 : entry + 28] = size.to_bytes(4, "little")
    path.write_bytes(data)


SOUND: dict[str, bytes] = {
    "csv": b"a,b\n1,2\n3,4\n",
    "tsv": b"a\tb\n1\t2\n3\t4\n",
    "jsonl": b'{"text": "a"}\n{"text": "b"}\n',
    "txt": b"one\ntwo\n",
    "npy": npy(ROWS),
    "npz": npz(images=PIXELS, labels=LABELS),
    "h5": hdf5(x=ROWS, y=LABELS),
    "parquet": table(),
    "zip": folder_zip(a_0=picture(), b_0=picture()),
}
EMPTY = {"csv": "is empty", "tsv": "is empty", "jsonl": "holds no text", "txt": "holds no text"}
OTHER = {"csv": "not UTF-8", "tsv": "not UTF-8", "jsonl": "not UTF-8", "txt": "not UTF-8"}
for _suffix, _sound in SOUND.items():
    _name = f"set.{_suffix}"
    DATA.content(f"an empty {_suffix}", EMPTY.get(_suffix, f"'{_name}'"), _name, b"")
    DATA.content(f"random bytes for a {_suffix}", OTHER.get(_suffix, f"'{_name}'"), _name, b"\xff\xfe\x80" * 99)
    DATA.add(f"a folder for a {_suffix}", Broken(_name, Path.mkdir, "holds no images"))
    if _suffix not in EMPTY:
        DATA.content(f"a text for a {_suffix}", f"'{_name}'", _name, "dear reader\n" * 20)
        DATA.content(f"half of a {_suffix}", f"'{_name}'", _name, _sound[: len(_sound) // 2])

DATA.content("a file of an unknown kind", "not a data set that can be read", "set.xyz", b"x")


@DATA.file("no data set at", "none.csv")
def nothing_at_all(path: Path) -> None:
    """Make nothing."""


@DATA.file("no data set at", "loop.csv")
def a_circle_of_links(path: Path) -> None:
    path.symlink_to(path.name)


@DATA.file("is not a data set", "zero.npy")
def a_device_without_end(path: Path) -> None:
    path.symlink_to("/dev/zero")


# Tables


def csv(name: str, said: str, text: str | bytes, **fields: Any) -> None:
    DATA.content(f"a table {name}", said, "set.csv", text, **fields)


csv("of names alone", "no rows", "a,b\n")
csv("with a short row", "Row 3 of", "a,b\n1,2\n3\n")
csv("with a long row", "Row 3 of", "a,b\n1,2\n3,4,5\n")
csv("with two columns of one name", "Two columns", "a,a\n1,2\n")
csv("without the declared column", "There is no column of", "a,b\n1,2\n", label="c")
csv("of words", "no columns of numbers", "a,b\nx,y\n")
csv("with a word among its numbers", "more than numbers", "a,b\n1,y\n", columns=("b",))
csv("with half a label", "is 0.5 in row 1", "a,y\n1,0.5\n")
csv("with a label that is no number", "is nan in row 1", "a,y\n1,nan\n")
csv("with a label beyond any integer", "is 1e+300 in row 1", "a,y\n1,1e300\n")
csv("with a label out of range", "tells 1,000,000 classes apart", "a,y\n1,999999\n")
csv("with a label left out", "is empty in row 1", "a,kind\n1,\n", label="kind")
csv("with a value that is no number", "'a' of 'set.csv' is nan in row 1", "a,b\nnan,2\n")
csv("with a value beyond any float", "is inf in row 2", "a,b\n1,2\n1e999,2\n")
csv("with a value beyond single precision", "is inf in row 1", "a,b\n1e39,2\n")
csv("with an empty cell", "'b' of 'set.csv' is empty in row 2", "a,b\n1,2\n3,\n")
csv("with an empty column", "'b' of 'set.csv' is empty in row 1", "a,b\n1,\n3,\n")
csv("with a mark for what is missing", "'b' of 'set.csv' holds '?'", "a,b\n1,2\n3,?\n5,6\n")
csv("with marks between thousands", "'b' of 'set.csv' holds '1,234.5'", 'a,b\n1,"1,234.5"\n')
csv("with shares in percent", "'b' of 'set.csv' holds '5%'", "a,b\n1,5%\n")
csv("with points and commas", "decimal commas in the column 'b' and decimal points in 'a'", "a;b\n0.5;0,5\n")
csv("with a decimal comma between commas", "'b' of 'set.csv' holds '0,5'", 'a,b\n1,"0,5"\n')
csv("whose rows are counted without a name", "has no name", ",a,b\n0,1,2\n1,3,4\n")
csv("with numbers for names and the rows counted", "has no name", ",0,1\n0,1,2\n1,3,4\n")
csv("without names", "The first row of 'set.csv', 0.5, 1, is no line of names", "0.5,1\n1,0\n")
csv("of words and numbers without names", "5.1, 0.2, iris, is no line", "5.1,0.2,iris\n4.9,0.3,rose\n")
csv("of one empty text", "is empty", '""')
csv("of empty texts", "is empty", '""\n""\n')
csv("with negative weights", "has the weight -2", "a,w\n1,-2\n", weight="w")
csv("with an open quote", "cannot be read as a table", 'a,b\n1,"2\n')
csv("with a value without end", "is inf in row 1", "a,b\n1," + "2" * 200_000 + "\n")
csv("that is not UTF-8", "perhaps Latin-1 in line 2", b"a,b\n\xff\xfe,2\n")
csv("in UTF-16 without a mark", "perhaps UTF-16 without its mark", "a,ä\n1,2\n".encode("utf-16-le"))
csv("with a train part", "no train and test part", "a,b\n1,2\n", split="train")
csv("to be scaled", "no image files to scale", "a,b\n1,2\n", resize=8)
csv("to be normalised", "normalise is for images", "a,b\n1,2\n", normalise="imagenet")
csv("of very many columns", "no columns of numbers", ",".join(map(str, range(10_000))) + "\n" + ",".join("x" * 10_000))


@DATA.file("can be read", "set.parquet")
def a_table_whose_pages_are_damaged(path: Path) -> None:
    damaged = bytearray(table())
    damaged[4:80] = bytes(76)
    path.write_bytes(damaged)


@DATA.file("no columns of numbers", "set.parquet")
def a_table_of_lists(path: Path) -> None:
    pq.write_table(pa.table({"a": [[1], [2, 3]]}), path)


@DATA.file("'b' of 'set.parquet' is nan in row 1", "set.parquet")
def a_table_with_holes(path: Path) -> None:
    pq.write_table(pa.table({"a": [1.0, None], "b": [None, 2.0]}), path)


@DATA.file("holds no rows", "set.parquet")
def a_table_without_rows(path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([], pa.float32())}), path)


# Text


def jsonl(name: str, said: str, *lines: str, **fields: Any) -> None:
    DATA.content(f"lines {name}", said, "set.jsonl", "\n".join(lines) + "\n", **fields)


jsonl("that are no objects", "is no object", "[1]")
jsonl("with half a line", "Line 2 of", '{"text": "a"}', '{"text": "b"')
jsonl("without text", "has no 'text'", "{}")
jsonl("nested without end", "Line 1 of", '{"text": ' + "[" * 100_000)
jsonl("with a label left out", "Sample 2 of", '{"text": "a", "label": 1}', '{"text": "b"}')
jsonl("with a number without end", "Line 1 of", '{"text": "a", "label": ' + "9" * 10_000 + "}")
jsonl("with half a character", "Sample 1 of", '{"text": "\\ud800"}')
jsonl("with half a character for a group", "Sample 1 of", '{"text": "a", "g": "\\ud800"}', groups=("g",))
jsonl("with half a character for a label", "Sample 1 of", '{"text": "a", "label": "\\ud800"}')
DATA.content("lines of blanks", "holds no text", "set.txt", "\n \n")


def tokenizer(name: str, said: str, content: Any) -> None:
    def make(path: Path) -> None:
        path.write_text("one two\n")
        text = content if isinstance(content, str) else json.dumps(content)
        (path.parent / "tokenizer.json").write_text(text)

    DATA.add(f"a tokenizer {name}", Broken("set.txt", make, said, {"tokenizer": "tokenizer.json"}))


WORDS = {"type": "WordLevel", "vocab": {"three": 0}, "unk_token": "[UNK]"}
TOKENIZER = {"version": "1.0", "added_tokens": [], "model": WORDS}
DATA.content("a tokenizer that is missing", "cannot be read", "set.txt", "one\n", tokenizer="none.json")
tokenizer("that is a text", "cannot be read", "dear reader")
tokenizer("that is something else", "is not a tokenizer", {"model_type": "bert"})
tokenizer("that is a list of words", "is not a tokenizer", ["one", "two"])
tokenizer("nested without end", "cannot be read", "[" * 100_000)
tokenizer("without the characters of its text", "lacks the character", ["x", "y"])
tokenizer("without a token for the unknown", "cannot turn the text into tokens", TOKENIZER)
tokenizer("of half a character", "lacks the character", '["\\ud800"]')


@DATA.file("cannot be read", "set.txt", tokenizer="tokenizer.json")
def a_folder_for_a_tokenizer(path: Path) -> None:
    path.write_text("one\n")
    (path.parent / "tokenizer.json").mkdir()


# Arrays


def array(name: str, said: str, value: Any) -> None:
    DATA.content(f"an array {name}", said, "set.npy", value if isinstance(value, bytes) else npy(value))


def headed(header: str, data: bytes = bytes(64), version: bytes = b"\1\0") -> bytes:
    """Return an .npy file with a header of one's own."""
    return b"\x93NUMPY" + version + struct.pack("<H", len(header)) + header.encode() + data


def shaped(shape: str, kind: str = "'<f4'") -> bytes:
    return headed(f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n")


array("of objects", "could run code", np.array([{"run": "code"}], object))
array("of no samples", "samples of the shape", np.zeros((0, 3), np.float32))
array("of one number", "samples of the shape", np.float32(3))
array("of records", "are [", np.zeros((3, 2), [("a", "<f4")]))
array("of letters", "are |S1", np.full((3, 2), b"a"))
array("of dates", "are datetime64", np.zeros((3, 2), "datetime64[s]"))
array("of complex numbers", "are complex64", np.zeros((3, 2), np.complex64))
array("of five axes", "have the shape", np.zeros((2, 2, 2, 2, 2), np.uint8))
array("with a value that is no number", "no numbers", np.full((2, 3), np.nan, np.float32))
array("with a value beyond single precision", "no numbers", np.full((2, 3), 1e39))
array("that claims more than the file", "is damaged", shaped("(4000000, 1000000)"))
array("that claims more than any memory", "is damaged", shaped("(9223372036854775807, 9223372036854775807)"))
array("of negative sides", "is damaged", shaped("(-4, 4)"))
array("whose header is code", "is damaged", headed("__import__('os').mkdir('canary')"))
array("whose header never ends", "is damaged", headed("(" * 30_000))
array("of an unknown version", "is damaged", headed("{}", version=b"\x09\x09"))
array("whose header is cut", "is damaged", b"\x93NUMPY\1\0\xff\xff{")


@DATA.file("could run code", "set.npy")
def an_array_that_would_run(path: Path) -> None:
    path.write_bytes(npy(np.array([Hostile(canary(path))], object)))


@DATA.file("could run code", "set.npy")
def labels_that_would_run(path: Path) -> None:
    path.write_bytes(npy(ROWS))
    path.with_name("set.labels.npy").write_bytes(npy(np.array([Hostile(canary(path))] * 4, object)))


@DATA.file("4 samples but 3 labels", "set.npy")
def labels_that_are_too_few(path: Path) -> None:
    path.write_bytes(npy(ROWS))
    path.with_name("set.labels.npy").write_bytes(npy(LABELS[:3]))


def arrays(name: str, said: str, **content: Any) -> None:
    DATA.content(f"arrays {name}", said, "set.npz", npz(**content))


RGB = np.zeros((4, 5, 6, 3), np.uint8)
AB = np.array(["a", "b"])
arrays("without images", "no samples", labels=LABELS)
arrays("without labels", "no labels", images=RGB, other=LABELS)
arrays("of nothing", "no samples")
arrays("of no samples", "samples of the shape", images=RGB[:0], labels=LABELS[:0])
arrays("with too few labels", "4 samples but 3 labels", images=RGB, labels=LABELS[:3])
arrays("with labels out of range", "tells 1,000,000,001 classes apart", images=RGB, labels=LABELS * 10**9)
arrays("with labels that are fractions", "is 0.5 in row 2", images=RGB, labels=LABELS / 2)
arrays(
    "with a negative label and names", "label -1 but", images=RGB, labels=LABELS - 1, class_names=np.array(["a", "b"])
)
arrays(
    "with a label that is no name", "label c but", x=ROWS, y=np.array(list("abac")), class_names=np.array(["a", "b"])
)
arrays("with the part that is not there", "no samples", labels_test=LABELS, labels_train=LABELS)
arrays("with too few names", "label 1 but only 1", images=RGB, labels=LABELS, class_names=np.array(["a"]))
arrays("with a name given twice", "same name", images=RGB, labels=LABELS, class_names=np.array(["a", "a"]))
arrays("of whole numbers", "int64", images=RGB.astype(np.int64), labels=LABELS)
arrays("of two channels", "shape", images=RGB[..., :2], labels=LABELS)
arrays("that are no numbers", "no numbers", images=np.full((4, 5, 6), np.nan), labels=LABELS)
arrays("of objects", "could run code", images=np.array([{}] * 4, object), labels=LABELS)


@DATA.file("is damaged", "set.npz")
def arrays_that_claim_more_than_the_file(path: Path) -> None:
    zipped(path, {"images.npy": shaped("(4000, 100, 100)", "'|u1'"), "labels.npy": npy(LABELS)})


@DATA.file("unpacks", "set.npz")
def arrays_that_unpack_without_end(path: Path) -> None:
    zipped(path, {"images.npy": shaped("(4, 8192, 8192)", "'|u1'"), "labels.npy": npy(LABELS)})
    claim(path, "images.npy", 1 << 28)


@DATA.file("could run code", "set.npz")
def arrays_that_would_run(path: Path) -> None:
    images = npy(np.array([Hostile(canary(path))] * 4, object))
    zipped(path, {"images.npy": images, "labels.npy": npy(LABELS)})


@DATA.file("twice", "set.npz")
def arrays_named_twice(path: Path) -> None:
    repeated(path, ("images.npy", npy(PIXELS)), ("labels.npy", npy(LABELS)), ("images.npy", npy(PIXELS + 1)))


# HDF5


def stored(name: str, said: str, **content: Any) -> None:
    DATA.content(f"an HDF5 file {name}", said, "set.h5", hdf5(**content))


def filled(said: str) -> Callable[[Fill], Fill]:
    """Register what fills an open HDF5 file."""

    def keep(fill: Fill) -> Fill:
        def make(path: Path) -> None:
            with h5py.File(path, "w") as file:
                fill(file)

        DATA.add(fill.__name__.replace("_", " "), Broken("set.h5", make, said))
        return fill

    return keep


stored("of nothing", "has no samples: it holds nothing")
stored("of something else", "has no samples: it holds other", other=ROWS)
stored("with too few labels", "4 samples but 3 values", x=ROWS, y=LABELS[:3])
stored("with labels out of range", "tells 1,000,000,001 classes apart", x=ROWS, y=LABELS * 10**9)
stored("with labels that are fractions", "is 0.5 in row 2", x=ROWS, y=LABELS / 2)
stored("of no samples", "samples of the shape", x=ROWS[:0])
stored("of complex numbers", "are complex64", x=ROWS.astype(np.complex64))
stored("of records", "are [", x=np.zeros((3, 2), [("a", "<f4")]))
stored("with values that are no numbers", "no numbers", x=np.full((2, 3), np.nan, np.float32))
stored("of letters", "are |S1", x=np.full((3, 2), b"a"))


@filled("are object")
def references_to_objects(file: Any) -> None:
    file["other"] = ROWS
    file.create_dataset("x", (4, 3), h5py.ref_dtype)[0, 0] = file["other"].ref


@filled("names no class")
def labels_that_are_references(file: Any) -> None:
    file["x"] = ROWS
    file.create_dataset("y", (4,), h5py.ref_dtype)[0] = file["x"].ref


@filled("in another file")
def samples_in_another_file(file: Any) -> None:
    file.create_dataset("x", (4, 3), np.uint8, external=[("/etc/passwd", 0, 12)])


@filled("in another file")
def a_link_to_another_file(file: Any) -> None:
    with h5py.File(Path(file.filename).with_name("other.h5"), "w") as other:
        other["x"] = ROWS
    file["x"] = h5py.ExternalLink("other.h5", "/x")


@filled("in another file")
def samples_put_together_from_other_files(file: Any) -> None:
    layout = h5py.VirtualLayout((4, 3), np.float32)
    layout[:] = h5py.VirtualSource("other.h5", "x", (4, 3))
    file.create_virtual_dataset("x", layout)


@filled("behind a link")
def links_that_go_round_in_circles(file: Any) -> None:
    file["x"] = h5py.SoftLink("/y")
    file["y"] = h5py.SoftLink("/x")


@filled("more than")
def samples_beyond_any_memory(file: Any) -> None:
    file.create_dataset("x", (2**40, 3), np.float32, chunks=(1024, 3))


@filled("more than")
def a_sample_beyond_any_memory(file: Any) -> None:
    file.create_dataset("x", (2, 2**40), np.float32, chunks=(1, 1024))


@filled("in pieces of")
def samples_in_pieces_beyond_any_memory(file: Any) -> None:
    file.create_dataset("x", (4, 3), np.float32, maxshape=(None, None), chunks=(2**14, 2**14))


@filled("4 samples but")
def labels_beyond_any_memory(file: Any) -> None:
    file["x"] = ROWS
    file.create_dataset("y", (2**40,), np.int64, chunks=(1024,))


# Images


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int) -> bytes:
    """Return an image that says it is of this size and has no pixels."""
    start = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + start + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 6 5\n%%EndComments\n(canary) (w) file\n%%EOF\n"
LONG = picture(1, 60_000, "L")


def images(name: str, said: str, *content: bytes, **fields: Any) -> None:
    """Register images in one class, behind a sound one, in a folder and in a zip."""
    files = {f"ant/{number}.png": data for number, data in enumerate((picture(), *content))}

    def make(path: Path) -> None:
        for inner, data in files.items():
            (path / inner).parent.mkdir(parents=True, exist_ok=True)
            (path / inner).write_bytes(data)

    DATA.add(f"a folder with {name}", Broken("set", make, said, fields))
    DATA.add(f"a zip with {name}", Broken("set.zip", lambda path: zipped(path, files), said, fields))


images("an image cut short", "cannot be read", picture(300, 300)[:90])
images("a text for an image", "cannot be read", b"dear reader")
images("a program for an image", "cannot be read", POSTSCRIPT)
images("an empty image", "cannot be read", b"")
images("an image of another size", "mixes image sizes", picture(7, 5))
images("an image of sixteen bits", "more than 8 bits", picture(mode="I;16"))
images("an image of more pixels than it may have", "too many", png(9000, 9000))
images("an image of more pixels than any", "too many", png(60_000, 60_000))
images("an image that scaling makes too large", "too many", LONG, resize=256)
images("an image below its crop", "smaller than its crop", crop=9)


@DATA.file("no classes", "set")
def images_without_classes(path: Path) -> None:
    path.mkdir()
    (path / "0.png").write_bytes(picture())


@DATA.file("is a link to nothing", "set")
def links_that_lead_nowhere(path: Path) -> None:
    (path / "ant").mkdir(parents=True)
    (path / "ant" / "0.png").symlink_to("0.png")


@DATA.file("'set/bee' is a link to nothing", "set")
def a_class_that_is_no_longer_there(path: Path) -> None:
    (path / "ant").mkdir(parents=True)
    (path / "ant" / "0.png").write_bytes(picture())
    (path / "bee").symlink_to("gone")


@DATA.file("holds no images", "set")
def links_that_lead_back(path: Path) -> None:
    (path / "ant").mkdir(parents=True)
    (path / "ant" / "loop").symlink_to(path)


@DATA.file("not UTF-8", "set")
def a_class_whose_name_is_no_text(path: Path) -> None:
    folder = path / "ant\udcff"
    folder.mkdir(parents=True)
    (folder / "0.png").write_bytes(picture())


@DATA.file("twice", "set.zip")
def an_image_named_twice(path: Path) -> None:
    repeated(path, ("a/0.png", picture()), ("a/0.png", picture()))


@DATA.file("cannot be unpacked", "set.zip")
def an_image_with_a_password(path: Path) -> None:
    zipped(path, {"a/0.png": picture()})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.rindex(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)


@DATA.file("holds no images", "set.zip")
def a_zip_of_nothing(path: Path) -> None:
    zipped(path, {})


@DATA.file("unpacks to more than", "set.zip")
def an_image_that_unpacks_without_end(path: Path) -> None:
    zipped(path, {"a/0.png": picture()})
    claim(path, "a/0.png", (1 << 28) + 1)

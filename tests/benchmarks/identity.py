"""How fast a large file's identity is computed, beside SHA-256 and plain reading; one byte of 2 GB makes another."""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from graftwork.analysis.identity import Contents, hashing, look
from graftwork.analysis.identity.hashing import BLOCK, file_hash

SIZE = 2 * 10**9
RUNS = 3


def sparse(path: Path, byte: int | None = None) -> Path:
    """Write a file of zeros that takes no room, with a one at one place."""
    with path.open("wb") as stream:
        stream.truncate(SIZE)
        if byte is not None:
            stream.seek(byte)
            stream.write(b"\1")
    return path


def read(path: Path) -> None:
    """Read a file into one buffer, as plainly as it goes."""
    buffer = bytearray(BLOCK)
    with path.open("rb", buffering=0) as stream:
        while stream.readinto(buffer):
            pass


def sha256(path: Path) -> str:
    """Hash a file with the standard library's SHA-256."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def speeds(path: Path, ways: dict[str, Callable[[Path], object]]) -> dict[str, float]:
    """Return the best speed of each way in GB/s, the ways taking turns."""
    best = dict.fromkeys(ways, 0.0)
    for _ in range(RUNS):
        for name, way in ways.items():
            start = time.perf_counter()
            way(path)
            best[name] = max(best[name], SIZE / (time.perf_counter() - start) / 1e9)
    return best


def main() -> None:
    """Print the speeds, and whether two files that differ in one byte have the same identity."""
    with tempfile.TemporaryDirectory() as name:
        one, other = sparse(Path(name) / "one"), sparse(Path(name) / "other", byte=SIZE // 3)
        read(one)  # the system has its pages now
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; 2 GB in the memory of the system")
        for way, speed in speeds(one, {"reading": read, "SHA-256": sha256, "identity (BLAKE3)": file_hash}).items():
            print(f"  {way:<20} {speed:6.2f} GB/s")
        print(f"one byte of 2 GB differs: {file_hash(one)} and {file_hash(other)}")
        assert SIZE > hashing.LARGE
        assert file_hash(one) != file_hash(other)
        start = time.perf_counter()
        look(one)
        print(f"a look at whether it changed: {1e6 * (time.perf_counter() - start):.0f} µs")
        contents = Contents()
        time.sleep(2.1)  # what was written a moment ago is not remembered
        contents.of(one)
        start = time.perf_counter()
        contents.of(one)
        print(f"its identity, asked for again: {1e6 * (time.perf_counter() - start):.0f} µs")


if __name__ == "__main__":
    main()

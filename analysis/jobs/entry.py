"""Where a worker process begins; imports nothing heavy until it runs there."""

import importlib
from multiprocessing.connection import Connection


def enter(connection: Connection, threads: int | None, memory: int | None) -> None:
    """Serve requests until the connection ends."""
    serve = importlib.import_module("graftwork.analysis.worker.serve")
    serve.serve(connection, threads, memory)

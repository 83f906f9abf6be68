"""A bound on what a worker may allocate."""

import sys


def limit_memory(size: int) -> None:
    """Let an allocation fail that takes the process over ``size`` bytes, on Linux; other systems do not enforce it.

    The work that asked for it fails with its reason, and the process goes on.
    """
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (size, resource.getrlimit(resource.RLIMIT_DATA)[1]))

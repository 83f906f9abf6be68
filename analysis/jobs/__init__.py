"""Jobs: requests to worker processes, and what comes back."""

DEVICE = "GRAFTWORK_DEVICE"
"""The environment variable that tells workers what to compute on: ``cpu``, ``cuda``, ``cuda:1``, ``mps``."""

"""The worker process: the only one that imports torch."""

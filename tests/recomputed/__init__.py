"""Every measure's values beside those of a plain reference; ``pytest -m recomputed`` prints the table."""

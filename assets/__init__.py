"""Data that ships with the program: icons, help pages, the demo's checkpoints, example recipes."""

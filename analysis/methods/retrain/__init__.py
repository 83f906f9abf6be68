"""Retraining: learning on after an operation, all of a network or a part of it."""

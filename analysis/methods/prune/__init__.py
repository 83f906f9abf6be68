"""Pruning: which weights to set to zero."""

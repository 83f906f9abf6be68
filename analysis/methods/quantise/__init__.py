"""Fewer bits: weights as codes."""

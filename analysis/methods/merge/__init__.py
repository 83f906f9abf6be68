"""Merging: one model from several."""

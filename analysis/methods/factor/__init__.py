"""Factoring: structured matrices in place of dense ones."""

"""Searches: which parameters to try next for a goal, and how to share out an amount over layers."""

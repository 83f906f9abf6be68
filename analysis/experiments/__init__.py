"""Experiments: from a recipe to trials, and from a trial to its result."""

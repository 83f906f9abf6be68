"""Regularising: brief tuning that gives a network a property."""

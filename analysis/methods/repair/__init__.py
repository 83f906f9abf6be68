"""Repairing: mending what an operation did to statistics, without learning."""

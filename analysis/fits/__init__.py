"""Fits over many models: pure functions of sizes, errors and correctness; no torch, no files.

Each says how sure it is by intervals: of laws from the bootstrap, of forecasts from how earlier ones missed.
"""

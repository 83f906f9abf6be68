"""Fits over many models: pure functions of sizes, errors and correctness; no torch, no files.

Each says how sure it is by intervals from the bootstrap.
"""

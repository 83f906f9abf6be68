"""Exporting: a model as a file, or a folder, that other programs open; one file a format.

What was written is opened, run once and compared with the model before it gets its name. `choice` and `target` do
without torch, for whoever only asks.
"""

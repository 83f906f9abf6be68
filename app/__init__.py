"""Composition: command line, main window, commands and settings."""

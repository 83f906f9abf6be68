"""Removing depth: blocks and branches that change little of what passes by."""

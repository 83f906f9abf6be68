"""Distillation: learning from another network."""

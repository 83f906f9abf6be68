"""Features: what a network makes of each sample, kept on disk."""

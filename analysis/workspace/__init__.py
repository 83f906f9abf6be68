"""The workspace: a folder that keeps models, trials, measures and arrays."""

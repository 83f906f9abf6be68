"""What is true: workspaces, models, data, methods and measures; no screen."""

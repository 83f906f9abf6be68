"""What is seen: one file a view, all on one base class."""

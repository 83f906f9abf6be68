"""Jobs: requests to worker processes, and what comes back."""

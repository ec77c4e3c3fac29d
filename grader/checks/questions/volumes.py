"""Questions, to be filled in."""

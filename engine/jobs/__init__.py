"""Long work as a process speaks of it: events as JSON lines, run folders, cancelling."""

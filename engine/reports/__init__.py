"""Reports of an analysis for people."""

"""Main window and its panels."""

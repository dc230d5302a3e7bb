"""Documents and settings, free of widgets."""

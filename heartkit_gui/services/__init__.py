"""Background work: loading, analysis, pyramids."""

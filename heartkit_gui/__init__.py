"""Desktop application of HeartKit Workbench."""

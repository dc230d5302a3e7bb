"""Step-by-step windows over the headless engine; every step shows the command that does the same."""

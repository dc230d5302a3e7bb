"""What the commands and the application's wizards do, one module a mode: plain functions that take a Job."""

"""Beats, waves, rhythm, intervals and variability."""

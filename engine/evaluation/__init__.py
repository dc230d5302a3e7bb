"""Scoring of algorithms against reference annotations, by published protocols."""

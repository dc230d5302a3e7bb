"""Headless ECG engine: records in, analyses out. Never imports Qt."""

__version__ = "0.1.0"

"""Keras 3 models from configuration."""

"""Fitting models: input pipeline, augmentations, losses, trainer."""

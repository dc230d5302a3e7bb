"""Running trained models without TensorFlow."""

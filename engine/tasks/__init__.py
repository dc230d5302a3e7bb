"""What a model is asked: one module a task over one shared pipeline."""

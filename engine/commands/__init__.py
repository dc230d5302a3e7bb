"""The engine's commands: one module each, with `add_parser` and `run`."""

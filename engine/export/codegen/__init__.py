"""Ahead-of-time C: a quantized INT8 .tflite model as standalone C99, integer-exact to TensorFlow Lite Micro.

`generate` writes NAME.c and NAME.h: weights, per-channel scales, a static plan of the arena, and the calls of the
kernels in `firmware/nn`, which exist once for all models. Nothing of it allocates, and nothing keeps state.
"""

from __future__ import annotations

from engine.export.codegen.generate import CSource, generate, generate_source
from engine.export.codegen.operators import SUPPORTED
from engine.export.codegen.refusal import UnsupportedModelError
from engine.export.codegen.report import CodeReport
from engine.export.codegen.targets import TARGETS, Target

__all__ = [
    "SUPPORTED",
    "TARGETS",
    "CSource",
    "CodeReport",
    "Target",
    "UnsupportedModelError",
    "generate",
    "generate_source",
]

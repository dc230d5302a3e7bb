"""Converts the small model of every family to INT8 and prints what came of it, one JSON object by family.

A program of its own: conversion prints a great deal and a fault in it can take the process down.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from small_models import SMALL, small
from tflite_micro import runtime

from engine.export.guard import check_graph
from engine.export.tflite_graph import read_graph
from engine.models.fold import deployable


def converted(model, windows):
    import keras

    ready = deployable(model)
    clone = keras.models.clone_model(ready, input_tensors=keras.Input(windows.shape[1:], batch_size=1, name="x"))
    clone.set_weights(ready.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(clone)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([window] for window in windows[:, None])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def compared(content, model, windows):
    """TFLM - LiteRT: largest difference in steps, share beyond one; LiteRT - Keras by the largest output."""
    micro = runtime.Interpreter.from_bytes(bytes(content))
    lite = Interpreter(model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    lite.allocate_tensors()
    (source,), (target,) = lite.get_input_details(), lite.get_output_details()
    (in_scale, in_zero), (out_scale, out_zero) = source["quantization"], target["quantization"]
    steps, errors, largest = [], 0.0, 0.0
    for window in windows[:, None]:
        x = np.clip(np.round(window / in_scale) + in_zero, -128, 127).astype(np.int8)
        micro.set_input(x, 0)
        micro.invoke()
        lite.set_tensor(source["index"], x)
        lite.invoke()
        y = lite.get_tensor(target["index"]).astype(int)
        steps.append(np.abs(micro.get_output(0).astype(int) - y).ravel())
        wanted = np.asarray(model(window))
        errors = max(errors, float(np.abs((y - out_zero) * out_scale - wanted).max()))
        largest = max(largest, float(np.abs(wanted).max()))
    steps = np.concatenate(steps)
    return {
        "micro_steps": int(steps.max()),
        "beyond_one_step": float(np.mean(steps > 1)),
        "error": errors / largest,
    }


def main():
    tf.keras.utils.set_random_seed(1)  # now and then chance weights leave nothing but zeros at the output
    windows = np.random.default_rng(0).normal(size=(20, 61, 1)).astype(np.float32)
    results = {}
    for family in SMALL:
        with contextlib.redirect_stdout(io.StringIO()):
            model = small(family)
            content = converted(model, windows)
        check_graph(read_graph(content))
        results[family] = compared(content, model, windows)
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()

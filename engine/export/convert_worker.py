"""The child process that turns a .keras file into .tflite bytes: `python -m engine.export.convert_worker`.

Reads one JSON object {keras, out, format, io_type, representative, windows, float_out} and writes one: {seconds} or
{error, hint}. `windows` and `float_out` may be null; else the trained model's outputs on those windows are saved.

The route is a clone with a batch of one, then `from_keras_model`: with an open batch dimension the converter
splits dilated convolutions into SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND, which the microcontroller runtime computes
wrongly without a word.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.export.child import serve

F32 = NDArray[np.float32]

CHECKED_WINDOWS = 4  # on which the clone must agree with the model it was made from
CLONE_TOLERANCE = 1e-3  # relative to the largest output
BATCH = 256


def convert_file(request: dict[str, Any]) -> dict[str, Any]:
    """Convert as the request says and write the .tflite file `out`. Raises EngineError."""
    started = time.monotonic()
    try:
        import tensorflow as tf
    except ImportError:
        raise EngineError("TensorFlow is not installed", hint='pip install "heartkit-workbench[train]"') from None
    tf.get_logger().setLevel("ERROR")
    from engine.models.files import load_model_safely
    from engine.models.fold import deployable

    path = Path(request["keras"])
    model = load_model_safely(path)
    windows = np.load(request["representative"], allow_pickle=False)
    clone = _batch_of_one(model, deployable(model), windows, path)
    if request["windows"] is not None:
        np.save(request["float_out"], _outputs(model, np.load(request["windows"], allow_pickle=False)))
    converter = tf.lite.TFLiteConverter.from_keras_model(clone)
    _configure(converter, request["format"], request["io_type"], windows)
    try:
        content = converter.convert()
    except Exception as error:  # the converter raises whatever its C++ side found, under many types
        raise EngineError(
            f"cannot be converted to {request['format']}: {_first_line(error)}",
            path=path,
            hint="the model may use a layer that has no form in this format",
        ) from error
    Path(request["out"]).write_bytes(content)
    return {"seconds": round(time.monotonic() - started, 2)}


def _batch_of_one(model: Any, deployed: Any, windows: F32, path: Path) -> Any:
    """The deployed form with a batch of one, found to compute what the trained model computes."""
    import keras

    if len(model.inputs) != 1:
        raise EngineError(f"takes {len(model.inputs)} inputs; only models of one input are exported", path=path)
    shape = tuple(model.inputs[0].shape[1:])
    if None in shape:
        raise EngineError(f"has an input of open length {shape}", path=path, hint="build it with a fixed length")
    if windows.shape[1:] != shape:
        raise EngineError(
            f"takes windows of shape {shape}, the representative windows have {windows.shape[1:]}", path=path
        )
    clone = keras.models.clone_model(deployed, input_tensors=keras.Input(shape, batch_size=1, name="x"))
    clone.set_weights(deployed.get_weights())
    for window in windows[:CHECKED_WINDOWS, None]:
        wanted, got = np.asarray(model(window, training=False)), np.asarray(clone(window, training=False))
        if np.abs(wanted - got).max() > CLONE_TOLERANCE * max(1.0, float(np.abs(wanted).max())):
            raise EngineError("its form for export computes something else than the trained model", path=path)
    return clone


def _outputs(model: Any, windows: F32) -> F32:
    parts = [np.asarray(model(windows[k : k + BATCH], training=False)) for k in range(0, len(windows), BATCH)]
    return np.concatenate(parts).astype(np.float32)


def _configure(converter: Any, kind: str, io_type: str, windows: F32) -> None:
    import tensorflow as tf

    if kind == "FP32":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "FP16":
        converter.target_spec.supported_types = [tf.float16]
        return

    def representative() -> Iterator[list[F32]]:
        for k in range(len(windows)):
            yield [windows[k : k + 1]]

    sets = tf.lite.OpsSet
    int16 = sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [sets.TFLITE_BUILTINS_INT8 if kind == "INT8" else int16]
    converter.inference_input_type = converter.inference_output_type = tf.as_dtype(io_type)


def _first_line(error: Exception) -> str:
    """The line of a converter's long message that tells the fault."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "error:" in line.lower() or "not yet supported" in line.lower()]
    return (told or lines or [type(error).__name__])[0][:300]


if __name__ == "__main__":
    serve(convert_file)

"""The tables of docs/codegen.md: `python -m engine.export.codegen.documentation` brings them up to date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.export.codegen.operators import CURES

START, END = "<!-- tables: made by engine/export/codegen/documentation.py -->", "<!-- end of tables -->"

# Operators -> (what becomes of them, what is refused).
NOTES: Mapping[tuple[str, ...], tuple[str, str]] = {
    ("CONV_2D",): ("dot products of contiguous runs; groups one after the other", "kernels that are computed"),
    ("DEPTHWISE_CONV_2D",): ("tap by tap, channels side by side", "kernels that are computed"),
    ("TRANSPOSE_CONV",): ("one ordinary convolution for each phase of the stride, no scratch sums", "-"),
    ("FULLY_CONNECTED",): (
        "a convolution over rows; one scale or one for each output",
        "weights that are computed",
    ),
    ("BATCH_MATMUL",): ("products of two computed matrices, either side transposed", "batches that broadcast"),
    ("ADD", "SUB"): ("broadcast over up to four axes", "scales some million times apart"),
    ("MUL", "SQUARED_DIFFERENCE"): ("broadcast over up to four axes", "-"),
    ("MAXIMUM", "MINIMUM"): ("broadcast over up to four axes", "inputs and output of unequal scale"),
    ("AVERAGE_POOL_2D", "MAX_POOL_2D"): ("borders left out", "input and output of unequal scale"),
    ("MEAN",): ("over any neighbouring axes", "axes with another between them"),
    ("REDUCE_MAX", "REDUCE_MIN"): ("over any neighbouring axes", "input and output of unequal scale"),
    ("SOFTMAX",): ("fixed point, over the last axis", "output scales other than 1/256"),
    ("LOGISTIC", "TANH"): ("table of 256 codes", "output scales other than 1/256, 1/128"),
    ("QUANTIZE", "RELU", "LEAKY_RELU", "ELU", "HARD_SWISH"): ("table of 256 codes", "-"),
    ("RELU6",): ("table of 256 codes", "input and output of unequal scale, which TFLM gets wrong"),
    ("CONCATENATION", "PACK", "SPLIT", "SPLIT_V", "UNPACK"): ("strided copies", "parts of unequal scale"),
    ("TRANSPOSE", "SLICE", "STRIDED_SLICE"): ("one strided copy", "more than five axes that do not merge"),
    ("PAD", "PADV2"): ("fill, then a strided copy", "-"),
    ("MIRROR_PAD", "GATHER", "RESIZE_NEAREST_NEIGHBOR"): ("rows picked by a constant list", "more than one axis"),
    ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"): ("nothing: the same bytes", "-"),
}


def tables() -> str:
    """Supported operators with their limits, and the cures for common ones that are not."""
    lines = ["| operators | become | refused |", "|---|---|---|"]
    lines += [f"| {', '.join(names)} | {become} | {refused} |" for names, (become, refused) in NOTES.items()]
    lines += ["", "| not supported | do instead |", "|---|---|"]
    lines += [f"| {name} | {cure} |" for name, cure in sorted(CURES.items())]
    return "\n".join(lines)


def with_tables(text: str) -> str:
    """The page with its tables brought up to date."""
    before, rest = text.split(START)
    return f"{before}{START}\n\n{tables()}\n\n{END}{rest.split(END)[1]}"


def main() -> None:
    """Rewrite docs/codegen.md in place."""
    page = Path(__file__).resolve().parents[3] / "docs" / "codegen.md"
    page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

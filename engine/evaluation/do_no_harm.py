"""Whether denoising spoils what comes after it: segmentation of the denoised signal against the clean one's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import class_counts
from engine.tasks.base import IGNORED

# Windows [n, length, channels] in mV -> class number of each sample [n, length].
Segmenter = Callable[[NDArray[np.float32]], NDArray[np.int64]]


def segmentation_kept(
    segment: Segmenter, clean: NDArray[np.float32], denoised: NDArray[np.float32], labels: NDArray[np.int64], k: int
) -> dict[str, Any]:
    """Per-sample macro F1 of k classes on both signals against the publisher's `labels` [n, length].

    `drop`: what denoising costs (negative where it helps). Samples labelled IGNORED do not count.
    """
    marked = labels != IGNORED
    scores = {
        name: float(class_counts.f1_macro(class_counts.confusion(labels[marked], segment(x)[marked], k)))
        for name, x in (("f1_macro_clean", clean), ("f1_macro_denoised", denoised))
    }
    return scores | {"drop": scores["f1_macro_clean"] - scores["f1_macro_denoised"]}

from __future__ import annotations

import numpy as np
import pytest

from engine.training.scores import auroc_macro, f1_macro, snr_gain_db


def test_f1_macro_over_the_classes_that_occur() -> None:
    truth = np.array([0, 0, 0, 1, 1, -1])
    guess = np.array([0, 0, 1, 1, 2, 2])
    outputs = np.eye(4, dtype=np.float32)[guess]
    f1_of_0, f1_of_1 = 2 * 2 / (3 + 2), 2 * 1 / (2 + 2)
    assert f1_macro(truth, outputs) == pytest.approx((f1_of_0 + f1_of_1) / 2)


def test_auroc_counts_pairs_in_order_and_ties_as_half() -> None:
    truth = np.array([[1], [1], [0], [0]], np.float32)
    assert auroc_macro(truth, np.array([[3], [2], [1], [0]], np.float32)) == 1
    assert auroc_macro(truth, np.array([[0], [1], [2], [3]], np.float32)) == 0
    assert auroc_macro(truth, np.array([[2], [1], [1], [0]], np.float32)) == pytest.approx(3.5 / 4)


def test_auroc_leaves_out_labels_that_never_or_always_apply() -> None:
    truth = np.array([[1, 0, 1], [0, 0, 1]], np.float32)
    assert auroc_macro(truth, np.array([[1, 0, 0], [0, 1, 1]], np.float32)) == 1


def test_snr_gain_is_how_much_nearer_the_output_is_than_the_input() -> None:
    generator = np.random.default_rng(0)
    clean = generator.standard_normal((5, 100, 1)).astype(np.float32)
    noise = generator.standard_normal((5, 100, 1)).astype(np.float32)
    assert snr_gain_db(clean + noise, clean, clean + noise) == pytest.approx(0, abs=1e-6)
    assert snr_gain_db(clean + noise, clean, clean + noise / 10) == pytest.approx(20, abs=1e-3)

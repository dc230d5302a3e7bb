"""A teacher with finer classes than its student."""

from __future__ import annotations

import numpy as np

from engine.training.teacher import class_groups, in_groups

FINE = {"none": ("none",), "p": ("p",), "qrs": ("qrs",), "t": ("t",)}


def test_the_probability_of_a_group_is_the_sum_of_its_classes():
    groups = class_groups(FINE, {"other": ("none", "p", "t"), "qrs": ("qrs",)})
    assert groups == ((0, 1, 3), (2,))
    logits = np.random.default_rng(0).normal(size=(5, 7, 4)).astype(np.float32)
    share = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    merged = in_groups(logits, groups)
    merged_share = np.exp(merged) / np.exp(merged).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(merged_share[..., 1], share[..., 2], rtol=1e-5)


def test_the_same_classes_in_another_order_are_put_in_order():
    groups = class_groups(FINE, {"qrs": ("qrs",), "none": ("none",), "p": ("p",), "t": ("t",)})
    np.testing.assert_array_equal(in_groups(np.array([[0.0, 1.0, 2.0, 3.0]], np.float32), groups), [[2, 0, 1, 3]])


def test_classes_that_do_not_add_up_are_refused():
    assert class_groups(FINE, {"none": ("none",), "qrs": ("qrs",)}) is None
    assert class_groups({"wave": ("p", "qrs")}, {"p": ("p",), "qrs": ("qrs",)}) is None
    assert class_groups(FINE, {**FINE, "u": ("u",)}) is None


def test_regression_has_no_groups():
    groups = class_groups({}, {})
    values = np.ones((2, 3, 1), np.float32)
    assert groups == () and in_groups(values, groups) is values

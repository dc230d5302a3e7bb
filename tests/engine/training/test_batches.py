from __future__ import annotations

import numpy as np
import pytest

from engine.config import RunConfig, parse_config
from engine.tasks.base import WindowSet
from engine.training.augmentations import Augmenter
from engine.training.batches import BatchMaker, balanced_weights, chances, class_counts, epoch_order


def config(**training: object) -> RunConfig:
    return parse_config({
        "task": "rhythm",
        "datasets": [{"name": "a", "weight": 3}, {"name": "b", "weight": 1}],
        "window": {"length": 32, "preprocesses": []},
        "training": {"batch_size": 8, **training},
    })  # fmt: skip


def windows(y: np.ndarray, dataset: np.ndarray | None = None) -> WindowSet:
    n = len(y)
    names = np.full(n, "p")
    x = np.broadcast_to(np.arange(n, dtype=np.float32)[:, None, None], (n, 32, 1)).copy()
    extra = {"dataset": np.zeros(n, np.int64) if dataset is None else dataset}
    return WindowSet(x, y, names, names, names, np.zeros(n, np.int64), np.full(n, 100, np.float32), extra)


class TestChances:
    Y = np.repeat([0, 1, 2], [80, 15, 5])

    def shares(self, balance: float) -> np.ndarray:
        chance = chances(config(balance=balance), windows(self.Y), "per_window", 3)
        if chance is None:
            chance = np.full(100, 0.01)
        return np.bincount(self.Y, weights=chance)

    def test_balance_leads_from_prevalence_to_equal_shares(self) -> None:
        np.testing.assert_allclose(self.shares(0), [0.8, 0.15, 0.05])
        np.testing.assert_allclose(self.shares(1), [1 / 3] * 3)
        np.testing.assert_allclose(self.shares(0.5), (np.array([0.8, 0.15, 0.05]) + 1 / 3) / 2)

    def test_datasets_get_the_share_of_their_weight(self) -> None:
        dataset = np.repeat([0, 1], [10, 90])
        chance = chances(config(), windows(self.Y, dataset), "per_window", 3)
        assert chance is not None
        np.testing.assert_allclose(np.bincount(dataset, weights=chance), [0.75, 0.25])

    def test_rare_labels_and_samples_count(self) -> None:
        many = np.zeros((100, 2), np.float32)
        many[:, 0] = 1
        many[:4, 1] = 1
        chance = chances(config(balance=1), windows(many), "multi_label", 2)
        assert chance is not None and chance[0] > 10 * chance[50]
        samples = np.zeros((100, 32), np.int64)
        samples[:4, :8] = 1
        chance = chances(config(balance=1), windows(samples), "per_sample", 2)
        assert chance is not None and chance[0] > 5 * chance[50]


def test_balanced_weights_are_inverse_to_prevalence() -> None:
    counts = class_counts(np.array([0, 0, 0, 1, -1]), "per_window", 3)
    np.testing.assert_array_equal(counts, [3, 1, 0])
    np.testing.assert_allclose(balanced_weights(counts), [4 / 6, 2, 1])


class TestOrder:
    def test_without_chances_every_window_comes_once_a_pass(self) -> None:
        order = epoch_order(50, 50, None, 0, 0)
        np.testing.assert_array_equal(np.sort(order), np.arange(50))
        longer = np.bincount(epoch_order(50, 120, None, 0, 0), minlength=50)
        assert longer.min() >= 2 and longer.max() <= 3

    def test_epochs_and_seeds_differ_but_repeat(self) -> None:
        a, again, later, other = (epoch_order(50, 50, None, s, e) for s, e in ((0, 1), (0, 1), (0, 2), (1, 1)))
        np.testing.assert_array_equal(a, again)
        assert not np.array_equal(a, later) and not np.array_equal(a, other)

    def test_with_chances_shares_hold_in_every_epoch(self) -> None:
        chance = np.array([0.5, 0.25, 0.125, 0.125])
        counts = np.bincount(epoch_order(4, 80, chance, 0, 0), minlength=4)
        np.testing.assert_allclose(counts, 80 * chance, atol=1)


class TestBatchMaker:
    def maker(self, y: np.ndarray, **options: object) -> BatchMaker:
        augmenter = Augmenter((), 100.0)
        return BatchMaker(config(), windows(y), "per_window", augmenter, classes=3, steps=5, **options)  # type: ignore[arg-type]

    def test_x_and_y_belong_together_and_chunks_do_not_matter(self) -> None:
        maker = self.maker(np.arange(40) % 3)
        together, apart = list(maker.chunks(0, 5)), list(maker.chunks(0, 2))
        assert [len(c.x) for c in together] == [40] and [len(c.x) for c in apart] == [16, 16, 8]
        np.testing.assert_array_equal(together[0].x, np.concatenate([c.x for c in apart]))
        np.testing.assert_array_equal(together[0].x[:, 0, 0] % 3, together[0].y[:, 0])

    def test_a_teachers_opinion_is_packed_behind_the_target(self) -> None:
        maker = self.maker(np.arange(40) % 3, teacher=lambda x: np.repeat(x[:, 0], 3, axis=1) + 0.5)
        chunk = next(maker.chunks(0, 1))
        np.testing.assert_array_equal(chunk.y[:, 1:], np.repeat(chunk.x[:, 0] + 0.5, 3, axis=1))

    def test_a_fault_in_the_thread_comes_out(self) -> None:
        def broken(x: np.ndarray) -> np.ndarray:
            raise RuntimeError("teacher is ill")

        with pytest.raises(RuntimeError, match="ill"):
            list(self.maker(np.arange(40) % 3, teacher=broken).chunks(0, 1))

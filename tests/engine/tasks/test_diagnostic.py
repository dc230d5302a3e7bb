"""The diagnostic task: several labels of a record on each of its windows."""

from __future__ import annotations

import numpy as np
import pytest

from engine.config import parse_config
from engine.datasets.base import Strip
from engine.errors import ConfigError
from engine.tasks.registry import open_task


def task(length=1000, channels=("ecg",), classes=None, **params):
    return open_task(
        parse_config(
            {
                "task": "diagnostic",
                "task_params": params,
                "classes": classes or {},
                "window": {"rate_hz": 100, "length": length, "channels": channels},
            }
        )
    )


def strip(lead="I", n=1000, statements=("NORM", "SR"), **more):
    rng = np.random.default_rng(len(lead))
    return Strip("p1", "r1", lead, 100.0, rng.normal(size=n).astype(np.float32),
                 statements=None if statements is None else frozenset(statements), **more)  # fmt: skip


def cut(task, strip, training=False):
    return task.windows(strip, training=training, generator=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("statements", "holds"),
    [
        (("NORM", "SR"), [1, 0, 0, 0, 0]),
        (("IMI", "LAFB", "LVH"), [0, 1, 0, 1, 1]),
        (("NDT", "AFIB"), [0, 0, 1, 0, 0]),
        (("AFIB",), [0, 0, 0, 0, 0]),
    ],
)
def test_superclasses_of_a_record(statements, holds):
    found = cut(task(), strip(statements=statements))
    assert found.y.dtype == np.float32 and found.y.tolist() == [holds]
    assert task().class_names == ("NORM", "MI", "STTC", "CD", "HYP")


def test_windows_cover_the_strip_in_evaluation_and_are_drawn_in_training():
    assert cut(task(400), strip()).start.tolist() == [0, 400, 600]
    drawn = cut(task(400, windows_per_strip=7), strip(), training=True)
    assert drawn.x.shape == (7, 400, 1) and len(set(drawn.start.tolist())) > 3


def test_an_unlabelled_or_short_strip_has_no_windows():
    assert cut(task(), strip(statements=None)) is None
    assert cut(task(), strip(n=900)) is None


def test_named_channels_are_leads_side_by_side():
    second, fifth = np.full(1000, 2, np.float32), np.full(1000, 5, np.float32)
    together = task(channels=("I", "II", "V5"))
    first = strip("I", companions={"II": second, "v5": fifth})
    found = cut(together, first)
    assert found.x.shape == (1, 1000, 3)
    assert found.x[0, 0].tolist() == [first.samples_mv[0], 2, 5]
    assert cut(together, strip("II")) is None  # the first lead's strip brings all of them
    with pytest.raises(ConfigError, match="no lead V5 beside I"):
        cut(together, strip("I", companions={"II": second}))


def test_unknown_statements_are_refused():
    with pytest.raises(ConfigError, match='"ASMII"; did you mean "ASMI"'):
        task(classes={"MI": ["ASMII"]})

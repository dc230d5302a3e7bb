from __future__ import annotations

from pathlib import Path

import pytest

from engine.training.tensorboard import EventFile


def test_an_event_file_is_read_by_tensorflow(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    events = EventFile(tmp_path / "run")
    events.write(0, {"loss": 1.5, "val_f1_macro": 0.25})
    events.write(300, {"loss": 0.5})
    found = list(tf.compat.v1.train.summary_iterator(str(events.path)))
    scalars = [(e.step, v.tag, v.simple_value) for e in found for v in e.summary.value]
    assert found[0].file_version == "brain.Event:2"
    assert scalars == [(0, "loss", 1.5), (0, "val_f1_macro", 0.25), (300, "loss", 0.5)]

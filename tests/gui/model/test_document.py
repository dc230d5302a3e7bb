from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.types import Analysis
from engine.records.annotations import Annotations
from engine.records.record import ArrayRecord, Lead, RecordInfo
from heartkit_gui.model.document import Document
from heartkit_gui.model.selection import NO_BEAT, Selection


class Watched(ArrayRecord):
    closed = False

    def close(self) -> None:
        self.closed = True


def record(name: str = "a") -> Watched:
    info = RecordInfo(name, Path(f"{name}.npz"), "made", 100.0, 10, (Lead("II"),))
    return Watched(info, np.zeros((1, 10), dtype=np.float32))


def test_another_record_replaces_everything_and_closes_the_former(make_analysis: Callable[..., Analysis]) -> None:
    document, seen = Document(), []
    document.record_changed.connect(lambda: seen.append(document.record))
    first, second = record("a"), record("b")
    marks = Annotations(np.array([3]), ("N",), 100.0)
    document.open(first, (marks,))
    document.show_annotations("atr")
    document.set_analysis(make_analysis([5], "N"))
    assert document.shown_annotations is marks
    document.open(second)
    assert (document.analysis, document.annotations, document.shown_annotations) == (None, (), None)
    assert first.closed
    assert not second.closed
    document.close()
    assert second.closed
    assert seen == [first, second, None]


def test_every_change_makes_a_new_revision(make_analysis: Callable[..., Analysis]) -> None:
    document = Document()
    revisions = [document.revision]
    document.open(record())
    revisions.append(document.revision)
    document.set_analysis(make_analysis([5], "N"))
    revisions.append(document.revision)
    assert revisions == sorted(set(revisions))


def test_an_unknown_annotator_shows_none() -> None:
    document = Document()
    document.open(record(), (Annotations(np.array([3]), ("N",), 100.0),))
    document.show_annotations("qrs")
    assert document.shown_annotations is None


def test_selection_announces_changes_only() -> None:
    selection, seen = Selection(), []
    selection.beat_changed.connect(seen.append)
    for beat in (3, 3, 4):
        selection.select_beat(beat)
    selection.clear()
    selection.clear()
    assert seen == [3, 4, NO_BEAT]


def test_models_know_no_widgets() -> None:
    folder = Path(__file__).resolve().parents[3] / "heartkit_gui" / "model"
    sources = list(folder.glob("*.py"))
    assert sources
    for path in sources:
        assert "QtWidgets" not in path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize("name", ["findings", "settings", "trends"])
def test_pure_models_know_no_qt(name: str) -> None:
    folder = Path(__file__).resolve().parents[3] / "heartkit_gui" / "model"
    assert "PySide6" not in (folder / f"{name}.py").read_text(encoding="utf-8")

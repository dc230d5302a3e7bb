from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from engine.analysis.criteria import LIMITS, Criteria
from engine.errors import ConfigError


def test_every_default_lies_within_its_limits() -> None:
    criteria = Criteria()
    for name, (low, high) in LIMITS.items():
        assert low <= getattr(criteria, name) <= high


def test_every_threshold_has_limits_or_is_a_switch() -> None:
    switches = {f.name for f in fields(Criteria) if isinstance(getattr(Criteria(), f.name), bool)}
    assert {f.name for f in fields(Criteria)} == switches | set(LIMITS)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"brady_bpm": 5.0}, "brady_bpm"),
        ({"pause_s": float("nan")}, "pause_s"),
        ({"vt_beats": 3.5}, "vt_beats"),
        ({"vt_bpm": "fast"}, "vt_bpm"),
        ({"vt_bpm": True}, "vt_bpm"),
        ({"detect_afib": 1}, "detect_afib"),
        ({"brady_bpm": 70.0, "tachy_bpm": 65.0}, "tachy_bpm"),
        ({"pause_s": 4.0, "asystole_s": 3.0}, "asystole_s"),
    ],
)
def test_an_unacceptable_threshold_is_named(change: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        Criteria(**change)  # type: ignore[arg-type]


def test_criteria_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        Criteria().pause_s = 3.0  # type: ignore[misc]

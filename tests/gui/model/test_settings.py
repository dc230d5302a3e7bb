from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartkit_gui.model.settings import RECENT_LIMIT, VERSION, Settings, migrate, parse_settings


def test_defaults_survive_a_round_trip_through_json() -> None:
    assert parse_settings(json.loads(json.dumps(Settings().model_dump(mode="json")))) == Settings()


def test_defaults_are_standard_paper() -> None:
    assert (Settings().speed_mm_per_s, Settings().gain_mm_per_mv, Settings().pixels_per_mm) == (25.0, 10.0, None)


def test_document_without_version_is_lifted() -> None:
    assert migrate({"theme": "dark"}) == {"theme": "dark", "version": VERSION}
    assert parse_settings({"theme": "dark"}).theme == "dark"


@pytest.mark.parametrize("version", [0, 1, 2])
def test_documents_from_before_the_live_view_move_and_remark_as_usual(version: int) -> None:
    settings = parse_settings({"version": version, "theme": "dark"})
    assert (settings.theme, settings.live_mode) == ("dark", "sweep")
    assert (settings.rate_low_per_min, settings.rate_high_per_min) == (40, 130)


@pytest.mark.parametrize(
    ("document", "part"),
    [
        ({"version": VERSION + 1}, "later version"),
        ({"version": "1"}, "impossible version"),
        ({"version": True}, "impossible version"),
        ({"version": 1, "colour": "red"}, "colour"),
        ({"version": 1, "theme": "pink"}, "theme"),
        ({"version": 1, "speed_mm_per_s": "25"}, "speed_mm_per_s"),
        ({"version": 1, "pixels_per_mm": float("nan")}, "pixels_per_mm"),
        ({"version": 3, "rate_low_per_min": 90, "rate_high_per_min": 80}, "below 90 and above 80"),
        ({"version": 3, "live_mode": "fly"}, "live_mode"),
        ([1, 2], "not a table"),
        (None, "not a table"),
    ],
)
def test_bad_documents_are_refused_in_words(document: object, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        parse_settings(document)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_gives_settings_or_a_value_error(document: object) -> None:
    try:
        settings = parse_settings(document)
    except ValueError:
        return
    assert isinstance(settings, Settings)


def test_recent_files_are_latest_first_without_repeats_and_few() -> None:
    settings = Settings()
    for i in range(RECENT_LIMIT + 5):
        settings = settings.with_recent(f"/r/{i}")
    settings = settings.with_recent(f"/r/{RECENT_LIMIT}")
    assert settings.recent[0] == f"/r/{RECENT_LIMIT}"
    assert len(settings.recent) == RECENT_LIMIT
    assert len(set(settings.recent)) == RECENT_LIMIT
    assert f"/r/{RECENT_LIMIT}" not in settings.without_recent(f"/r/{RECENT_LIMIT}").recent

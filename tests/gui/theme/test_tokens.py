from __future__ import annotations

from dataclasses import fields

import pytest

from engine.analysis.types import QUALITY_LABELS, RHYTHM_LABELS
from heartkit_gui.theme.tokens import THEMES, Theme, contrast_ratio

themes = pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)


def test_contrast_of_black_on_white():
    assert contrast_ratio("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast_ratio("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@themes
def test_text_is_readable(theme: Theme):
    for ground in (theme.window, theme.panel, theme.panel_raised, theme.field_background):
        for ink in (theme.text, theme.text_muted, theme.link, theme.success, theme.warning, theme.danger):
            assert contrast_ratio(ink, ground) >= 4.5, (ink, ground)
    assert contrast_ratio(theme.accent_text, theme.accent) >= 4.5
    assert contrast_ratio(theme.highlight_text, theme.highlight) >= 4.5
    assert contrast_ratio(theme.tooltip_text, theme.tooltip) >= 4.5
    assert contrast_ratio(theme.warning_badge_text, theme.warning_badge) >= 4.5
    assert contrast_ratio(theme.caliper_text, theme.caliper) >= 4.5


@themes
def test_canvas_text_and_marks_are_readable(theme: Theme):
    for ground in (theme.paper, theme.canvas_strip):
        for ink in (theme.canvas_text, theme.canvas_text_muted, *theme.segment_text.values()):
            assert contrast_ratio(ink, ground) >= 4.5, (ink, ground)
        for ink in (*theme.beats.values(), *theme.rhythm.values(), *theme.quality.values()):
            assert contrast_ratio(ink, ground) >= 4.0, (ink, ground)
    for mark in (theme.trace, theme.caliper, theme.selection, theme.crosshair, theme.gap_hatch, theme.focus):
        assert contrast_ratio(mark, theme.paper) >= 3.0
    assert contrast_ratio(theme.trace, theme.grid_major) >= 4.5


@themes
def test_every_finding_has_a_colour(theme: Theme):
    assert set(theme.rhythm) >= set(RHYTHM_LABELS) | {""}
    assert set(theme.quality) <= set(QUALITY_LABELS) | {""}
    assert set(theme.beats) == set("NSVFQ/")
    assert set(theme.segments) == set(theme.segment_text) == {"P", "QRS", "T"}


@themes
def test_colours_are_well_formed(theme: Theme):
    for item in fields(theme):
        value = getattr(theme, item.name)
        values = list(value.values()) if hasattr(value, "values") else [value]
        for colour in values:
            if isinstance(colour, str) and item.name != "name":
                assert colour.startswith("#") and len(colour) in (7, 9), (item.name, colour)
                int(colour[1:], 16)

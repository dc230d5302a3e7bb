"""Colours and sizes as data: one `Theme` for the canvas and the application around it. Free of Qt.

Beat and segment colours follow the Okabe-Ito palette (Okabe & Ito, "Color universal design", 2008), which stays
apart under the common colour-vision deficiencies; every mark also carries a letter or a shape of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#999999"


def _frozen(table: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(table))


@dataclass(frozen=True)
class Theme:
    """Colours are "#RRGGBB"; alphas 0..1; sizes in logical pixels."""

    name: str
    is_dark: bool

    # the canvas
    paper: str
    paper_outside: str  # before the start and after the end of the record
    grid_minor: str  # 1 mm
    grid_major: str  # 5 mm
    trace: str
    trace_muted: str  # leads that are shown but not analysed, minimap
    canvas_text: str
    canvas_text_muted: str
    canvas_strip: str  # background of the axis, footer and rhythm lanes
    canvas_line: str  # hairlines between canvas lanes
    gap_hatch: str
    crosshair: str
    caliper: str
    caliper_text: str
    selection: str
    warning_badge: str
    warning_badge_text: str
    segments: Mapping[str, str]  # "P", "QRS", "T"
    segment_text: Mapping[str, str]  # the same hues, dark or light enough to read as letters
    segment_alpha: float
    beats: Mapping[str, str]  # by AAMI class
    rhythm: Mapping[str, str]  # by rhythm label; "" for the rest
    quality: Mapping[str, str]  # by quality label; "" for the rest

    # the application
    window: str
    panel: str
    panel_raised: str
    field_background: str
    border: str
    border_strong: str
    text: str
    text_muted: str
    text_disabled: str
    accent: str
    accent_hover: str
    accent_text: str
    focus: str
    highlight: str  # background of a selected row
    highlight_text: str
    success: str
    warning: str
    danger: str
    link: str
    tooltip: str
    tooltip_text: str
    shadow: str
    chart: tuple[str, ...] = field(default=(BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY))

    trace_width: float = 1.35
    radius: int = 6
    spacing: int = 8


_RHYTHM_HUES_LIGHT = {
    "": "#5B6B7B",
    "N": "#3F7D5C",
    "SBR": "#2B6CA3",
    "ST": "#9A5B00",
    "SARRH": "#4C6A92",
    "AFIB": "#B0413E",
    "SVTA": "#8A4FA3",
    "VT": "#C0392B",
    "IVR": "#A8481B",
    "B": "#B4530F",
    "T": "#B4530F",
    "C": "#B4530F",
    "RUN": "#C0392B",
    "SRUN": "#8A4FA3",
    "PAUSE": "#7A4B2A",
    "ASYS": "#8E1B1B",
    "NOISE": "#6B6B6B",
    "UNKNOWN": "#6B6B6B",
}

_RHYTHM_HUES_DARK = {
    "": "#93A4B5",
    "N": "#6CC79A",
    "SBR": "#74B6EE",
    "ST": "#F0B45A",
    "SARRH": "#9DB7DE",
    "AFIB": "#F2837F",
    "SVTA": "#CDA0E3",
    "VT": "#FF7A6B",
    "IVR": "#F09A6B",
    "B": "#F2A05C",
    "T": "#F2A05C",
    "C": "#F2A05C",
    "RUN": "#FF7A6B",
    "SRUN": "#CDA0E3",
    "PAUSE": "#D9A77F",
    "ASYS": "#FF8F8F",
    "NOISE": "#A5A5A5",
    "UNKNOWN": "#A5A5A5",
}

PAPER = Theme(
    name="paper",
    is_dark=False,
    paper="#FFFDFB",
    paper_outside="#F1EFED",
    grid_minor="#FBE3E1",
    grid_major="#F3B9B5",
    trace="#14203A",
    trace_muted="#5D6880",
    canvas_text="#1B2433",
    canvas_text_muted="#5A6472",
    canvas_strip="#FAF7F5",
    canvas_line="#E3DAD6",
    gap_hatch="#7D8896",
    crosshair="#3B5BA9",
    caliper="#7A1FA2",
    caliper_text="#FFFFFF",
    selection="#2F6FDE",
    warning_badge="#8A4B00",
    warning_badge_text="#FFFFFF",
    segments=_frozen({"P": SKY, "QRS": ORANGE, "T": GREEN}),
    segment_text=_frozen({"P": "#0B6A9E", "QRS": "#8F5F00", "T": "#006B4E"}),
    segment_alpha=0.24,
    beats=_frozen({"N": "#4A5361", "S": BLUE, "V": "#C24F00", "F": "#A8477F", "Q": "#707070", "/": "#1F7FB5"}),
    rhythm=_frozen(_RHYTHM_HUES_LIGHT),
    quality=_frozen({"": "#8C6D1F", "flat": "#7A6A55", "lead_off": "#8E3B3B", "gap": "#6E7886"}),
    window="#F3F4F6",
    panel="#FFFFFF",
    panel_raised="#FFFFFF",
    field_background="#FFFFFF",
    border="#DDE1E7",
    border_strong="#8A94A3",
    text="#1B2433",
    text_muted="#55606F",
    text_disabled="#98A1AD",
    accent="#1F5FBF",
    accent_hover="#184E9F",
    accent_text="#FFFFFF",
    focus="#2F6FDE",
    highlight="#DCE8FB",
    highlight_text="#12305F",
    success="#1E7B4A",
    warning="#8A5A00",
    danger="#B3261E",
    link="#1F5FBF",
    tooltip="#1B2433",
    tooltip_text="#F5F7FA",
    shadow="#00000022",
)

DARK = Theme(
    name="dark",
    is_dark=True,
    paper="#0B0F14",
    paper_outside="#11161D",
    grid_minor="#141C25",
    grid_major="#22303D",
    trace="#8BE9B4",
    trace_muted="#6F8F83",
    canvas_text="#E3EAF2",
    canvas_text_muted="#93A1B1",
    canvas_strip="#0F141B",
    canvas_line="#232D39",
    gap_hatch="#6B7887",
    crosshair="#8FB4FF",
    caliper="#C792FF",
    caliper_text="#14091F",
    selection="#6EA8FF",
    warning_badge="#F0B45A",
    warning_badge_text="#221500",
    segments=_frozen({"P": SKY, "QRS": ORANGE, "T": "#14C795"}),
    segment_text=_frozen({"P": "#8CCDF3", "QRS": "#F4BE4F", "T": "#4FDDB2"}),
    segment_alpha=0.22,
    beats=_frozen({"N": "#A9B6C4", "S": "#63B3F0", "V": "#FF8A4C", "F": "#E79AC6", "Q": "#A6A6A6", "/": SKY}),
    rhythm=_frozen(_RHYTHM_HUES_DARK),
    quality=_frozen({"": "#D8B45A", "flat": "#B5A48C", "lead_off": "#E38A8A", "gap": "#93A1B1"}),
    window="#12171E",
    panel="#181E27",
    panel_raised="#1F2732",
    field_background="#0F141B",
    border="#2A3441",
    border_strong="#6C7A8B",
    text="#E3EAF2",
    text_muted="#9BA8B7",
    text_disabled="#5F6B79",
    accent="#5B9BFF",
    accent_hover="#7CB0FF",
    accent_text="#0A1424",
    focus="#7CB0FF",
    highlight="#213A61",
    highlight_text="#E8F0FF",
    success="#5FCB92",
    warning="#E9B45E",
    danger="#FF8179",
    link="#7CB0FF",
    tooltip="#2A3441",
    tooltip_text="#F0F4F9",
    shadow="#00000088",
    chart=("#63B3F0", "#FF8A4C", "#4FDDB2", "#E79AC6", "#F4BE4F", SKY),
)

THEMES: Mapping[str, Theme] = MappingProxyType({theme.name: theme for theme in (PAPER, DARK)})


def contrast_ratio(foreground: str, background: str) -> float:
    """Contrast of two "#RRGGBB" colours, 1..21 (WCAG 2.1, relative luminance)."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(foreground), luminance(background)), reverse=True)
    return (light + 0.05) / (dark + 0.05)

"""The window's look: palette, style sheet and fonts for one `Theme`.

Fusion is the base style on every platform, so that what tests and documentation show is what people see. Colour
scheme hints of the platform have no effect on the offscreen platform, hence a palette of our own.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from engine.resources import resource_path
from heartkit_gui.theme.icons import svg_source
from heartkit_gui.theme.tokens import Theme

FONT_FAMILY = "Inter"
_FONT_FILES = ("Inter-Regular.ttf", "Inter-SemiBold.ttf")
_GLYPHS = ("chevron_down", "chevron_up", "chevron_right", "check", "dot", "close", "float")


def load_fonts() -> None:
    """Register the bundled fonts, so that text is the same everywhere, machines without fonts included."""
    for name in _FONT_FILES:
        QFontDatabase.addApplicationFont(str(resource_path("fonts", "inter", name)))


def base_font() -> QFont:
    """The interface font."""
    font = QFont(FONT_FAMILY)
    font.setPointSizeF(13.0 if sys.platform == "darwin" else 9.75)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def mix(first: str, second: str, share: float) -> str:
    """ "#RRGGBB" between two colours: `first` at share 0, `second` at share 1."""
    parts = (round(int(first[i : i + 2], 16) * (1 - share) + int(second[i : i + 2], 16) * share) for i in (1, 3, 5))
    return "#" + "".join(f"{part:02X}" for part in parts)


def palette(theme: Theme) -> QPalette:
    """QPalette of the theme, for everything that a style sheet does not reach."""
    roles = {
        QPalette.ColorRole.Window: theme.window,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.panel,
        QPalette.ColorRole.AlternateBase: theme.window,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.text_muted,
        QPalette.ColorRole.Button: theme.panel,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.BrightText: theme.danger,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.accent_text,
        QPalette.ColorRole.Link: theme.link,
        QPalette.ColorRole.LinkVisited: theme.link,
        QPalette.ColorRole.ToolTipBase: theme.tooltip,
        QPalette.ColorRole.ToolTipText: theme.tooltip_text,
        QPalette.ColorRole.Light: theme.panel_raised,
        QPalette.ColorRole.Midlight: theme.panel_raised,
        QPalette.ColorRole.Mid: theme.border,
        QPalette.ColorRole.Dark: theme.border_strong,
        QPalette.ColorRole.Shadow: theme.border,
        QPalette.ColorRole.Accent: theme.accent,
    }
    result = QPalette()
    for role, colour in roles.items():
        result.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.text_disabled))
    return result


def apply_theme(app: QApplication, theme: Theme, glyph_folder: Path) -> None:
    """Give the whole application a theme.

    `glyph_folder` receives the few tinted SVG files that a style sheet can only name by path.
    """
    app.setPalette(palette(theme))
    sheet = stylesheet(theme, app.font().pointSizeF(), _write_glyphs(theme, glyph_folder))
    if sheet != app.styleSheet():
        app.setStyleSheet(sheet)


def _write_glyphs(theme: Theme, folder: Path) -> Path:
    target = folder / theme.name
    target.mkdir(parents=True, exist_ok=True)
    colours = (("", theme.text_muted), ("_strong", theme.text), ("_on", theme.accent_text))
    for glyph in _GLYPHS:
        for suffix, colour in colours:
            text = svg_source(glyph).replace("currentColor", colour)
            path = target / f"{glyph}{suffix}.svg"
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
    return target


def stylesheet(theme: Theme, base_pt: float, glyphs: Path) -> str:
    """The style sheet; sizes of text follow the base size in points."""
    values = {
        "window": theme.window,
        "panel": theme.panel,
        "field": theme.field_background,
        "hover": mix(theme.window, theme.text, 0.07),
        "press": mix(theme.window, theme.text, 0.14),
        "line": theme.border,
        "edge": mix(theme.border, theme.border_strong, 0.5),
        "strong": theme.border_strong,
        "text": theme.text,
        "muted": theme.text_muted,
        "faint": theme.text_disabled,
        "accent": theme.accent,
        "onaccent": theme.accent_text,
        "focus": theme.focus,
        "chosen": theme.highlight,
        "onchosen": theme.highlight_text,
        "warning": theme.warning,
        "danger": theme.danger,
        "warnsoft": mix(theme.panel, theme.warning, 0.13),
        "dangersoft": mix(theme.panel, theme.danger, 0.13),
        "tipback": theme.tooltip,
        "tiptext": theme.tooltip_text,
        "tiny": f"{base_pt * 0.85:.2f}pt",
        "small": f"{base_pt * 0.92:.2f}pt",
        "large": f"{base_pt * 1.12:.2f}pt",
        "huge": f"{base_pt * 2.3:.2f}pt",
        "giant": f"{base_pt * 4.8:.2f}pt",
        "title": f"{base_pt * 1.6:.2f}pt",
        "glyphs": glyphs.as_posix(),
    }
    return re.sub(r"@([a-z]+)", lambda found: values[found[1]], _BASE + _CONTROLS + _PANELS)


_BASE = """
QWidget { color: @text; }
QMainWindow, QDialog { background: @window; }
QMainWindow::separator { background: @window; width: 5px; height: 5px; }
QMainWindow::separator:hover { background: @chosen; }
QToolTip { background: @tipback; color: @tiptext; border: 1px solid @tipback; padding: 6px 8px; }

QMenuBar { background: @window; padding: 2px 6px; }
QMenuBar::item { padding: 5px 9px; border-radius: 5px; background: transparent; }
QMenuBar::item:selected, QMenuBar::item:pressed { background: @hover; }
QMenu { background: @panel; border: 1px solid @edge; padding: 5px; }
QMenu::item { padding: 6px 22px 6px 10px; border-radius: 5px; }
QMenu::item:selected { background: @chosen; color: @onchosen; }
QMenu::item:disabled { color: @faint; }
QMenu::separator { height: 1px; background: @line; margin: 5px 8px; }
QMenu::indicator { width: 14px; height: 14px; left: 8px; }
QMenu::indicator:non-exclusive:checked { image: url(@glyphs/check_strong.svg); }
QMenu::indicator:exclusive:checked { image: url(@glyphs/dot_strong.svg); }
QMenu::right-arrow { image: url(@glyphs/chevron_right.svg); width: 12px; height: 12px; margin-right: 6px; }

QToolBar { background: @window; border: none; border-bottom: 1px solid @line; padding: 4px 6px; spacing: 1px; }
QToolBar::separator { background: @line; width: 1px; margin: 5px 4px; }
QToolBarExtension { image: url(@glyphs/chevron_right_strong.svg); padding: 2px; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 4px; }
QToolButton:hover { background: @hover; }
QToolButton:pressed { background: @press; }
QToolButton:checked { background: @chosen; border-color: @accent; }
QToolButton:focus { border-color: @focus; }
QToolButton:disabled { color: @faint; }
QToolButton#beatClass { padding: 2px 3px 2px 1px; }
QToolButton[popupMode="2"] { padding-right: 16px; }
QToolButton::menu-indicator { image: url(@glyphs/chevron_down.svg); width: 10px; height: 10px;
  subcontrol-position: right center; subcontrol-origin: padding; right: 4px; }

QStatusBar { background: @window; border-top: 1px solid @line; color: @muted; }
QStatusBar::item { border: none; }
QStatusBar QLabel { color: @muted; padding: 0 2px; }
"""

_CONTROLS = """
QPushButton { background: @hover; border: 1px solid @edge; border-radius: 6px; padding: 6px 14px; }
QPushButton:hover { background: @press; }
QPushButton:pressed { background: @edge; }
QPushButton:focus { border: 2px solid @focus; padding: 5px 13px; }
QPushButton:disabled { color: @faint; border-color: @line; }
QPushButton:default { background: @accent; border-color: @accent; color: @onaccent; }
QPushButton:default:focus { border: 2px solid @text; }
QPushButton:default:disabled { background: @hover; border-color: @line; color: @faint; }
QPushButton[flat="true"] { background: transparent; border: 1px solid transparent; padding: 3px 6px; }
QPushButton[flat="true"]:hover { background: @hover; }
QPushButton[flat="true"]:focus { border: 1px solid @accent; }
QPushButton#linkButton { color: @accent; text-align: left; }

QComboBox, QLineEdit, QSpinBox, QDoubleSpinBox, QPlainTextEdit {
  background: @field; border: 1px solid @edge; border-radius: 6px; padding: 4px 8px;
  selection-background-color: @accent; selection-color: @onaccent; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit { border: none; padding: 0 2px; background: transparent; }
QAbstractSpinBox QLineEdit { padding: 0 6px; }
QComboBox:hover, QLineEdit:hover, QSpinBox:hover, QDoubleSpinBox:hover { border-color: @muted; }
QComboBox:focus, QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QPlainTextEdit:focus {
  border: 2px solid @focus; padding: 3px 7px; }
QComboBox:disabled, QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled {
  color: @faint; background: @window; border-color: @line; }
QComboBox { padding-right: 20px; }
QComboBox:focus { padding-right: 19px; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url(@glyphs/chevron_down.svg); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: @panel; border: 1px solid @edge; padding: 4px; outline: none;
  selection-background-color: @chosen; selection-color: @onchosen; }
QSpinBox::up-button, QDoubleSpinBox::up-button { subcontrol-position: top right; border: none; width: 18px; }
QSpinBox::down-button, QDoubleSpinBox::down-button { subcontrol-position: bottom right; border: none; width: 18px; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url(@glyphs/chevron_up.svg); width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {
  image: url(@glyphs/chevron_down.svg); width: 10px; height: 10px; }

QCheckBox, QRadioButton { spacing: 8px; padding: 2px; border: 1px solid transparent; border-radius: 5px; }
QCheckBox:focus, QRadioButton:focus { border-color: @focus; }
QCheckBox::indicator, QRadioButton::indicator {
  width: 16px; height: 16px; border: 1px solid @muted; background: @panel; border-radius: 4px; }
QRadioButton::indicator { border-radius: 9px; }
QCheckBox::indicator:checked { background: @accent; border-color: @accent; image: url(@glyphs/check_on.svg); }
QRadioButton::indicator:checked { background: @accent; border-color: @accent; image: url(@glyphs/dot_on.svg); }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: @line; background: @window; }
QCheckBox::indicator:checked:disabled, QRadioButton::indicator:checked:disabled {
  background: @faint; border-color: @faint; }
QCheckBox:disabled, QRadioButton:disabled { color: @faint; }

QProgressBar { background: @hover; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: @accent; border-radius: 3px; }

QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: @edge; border-radius: 4px; margin: 1px; }
QScrollBar::handle:hover { background: @muted; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
"""

_PANELS = """
QDockWidget { color: @text; titlebar-close-icon: none; titlebar-normal-icon: none; }
QWidget#panel, QScrollArea#panel, QScrollArea#panel > QWidget > QWidget#panelBody {
  background: @panel; border: none; }
QWidget#panelTitle { background: @panel; border-bottom: 1px solid @line; }
QWidget#panelTitle QLabel { font-weight: 600; }
QWidget#panelTitle QToolButton { padding: 2px; }
QWidget#review { background: @panel; }
QFrame#traceFrame { border: none; background: @line; }
QFrame#traceFrame[focused="true"] { background: @focus; }

QLabel[role="muted"] { color: @muted; }
QLabel[role="small"] { color: @muted; font-size: @small; }
QLabel[role="heading"] { font-weight: 600; }
QLabel[role="title"] { font-size: @title; font-weight: 600; }
QLabel[role="statement"] { font-size: @large; }
QLabel[role="figure"] { font-size: @huge; font-weight: 600; }
QLabel[role="unit"] { color: @muted; font-size: @large; }
QLabel[role="rate"], QLabel[role="norate"] { font-size: @giant; font-weight: 600; }
QLabel[role="norate"] { color: @edge; }
QLabel[role="alert"] { background: @warnsoft; color: @warning; border-radius: 6px; padding: 5px 8px;
  font-weight: 600; }
QLabel[role="warning"] { color: @warning; }
QLabel[role="danger"] { color: @danger; }
QWidget#live { background: @panel; }
QWidget#liveBar { background: @panel; border-bottom: 1px solid @line; }
QToolButton#liveButton { padding: 5px 10px; }
QFrame#stateCard { background: @window; border: 1px solid @line; border-radius: 8px; }
QFrame#stateCard[level="fault"] { background: @dangersoft; border-color: @danger; }
QFrame#banner[level="info"] { background: @chosen; }
QSplitter::handle { background: @line; }
QSplitter::handle:horizontal { width: 1px; }
QFrame[role="rule"] { background: @line; border: none; max-height: 1px; min-height: 1px; }
QToolButton#sectionToggle { font-weight: 600; padding: 3px 4px; border-radius: 5px; text-align: left; }
QToolButton#sectionToggle[flush="true"] { padding-left: 0; }

QFrame#palette { background: @panel; border: 1px solid @edge; border-radius: 10px; }
QFrame#banner { background: @warnsoft; border: none; border-bottom: 1px solid @line; }
QFrame#banner[level="error"] { background: @dangersoft; }
QFrame#banner QLabel { color: @warning; }
QFrame#banner[level="error"] QLabel { color: @danger; }
QFrame#banner QLabel#bannerText { color: @text; }

QAbstractItemView { background: @panel; border: none; outline: none; alternate-background-color: @panel;
  selection-background-color: @chosen; selection-color: @onchosen; gridline-color: @line; }
QTableView::item, QTreeView::item { padding: 3px 5px; border: none; }
QTableView::item:hover, QTreeView::item:hover, QListView::item:hover { background: @window; }
QTableView::item:selected, QTreeView::item:selected, QListView::item:selected {
  background: @chosen; color: @onchosen; }
QTableView:focus, QTreeView:focus, QListView:focus, QScrollArea:focus { border: 1px solid @focus; }
QHeaderView { background: @panel; }
QHeaderView::section { background: @panel; color: @muted; border: none; border-bottom: 1px solid @line;
  padding: 4px 6px; font-size: @small; font-weight: 400; }
QTableCornerButton::section { background: @panel; border: none; }

QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: @muted; padding: 6px 10px; border: none;
  border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:selected { color: @text; border-bottom: 2px solid @accent; }
QTabBar:focus { outline: none; }
QTabBar::tab:focus { background: @chosen; }
QTabWidget::pane { border: none; border-top: 1px solid @line; }

QListWidget#boardList::item { padding: 4px 6px; border-bottom: 1px solid @line; }

QListWidget#sideList, QListWidget#sideList:focus { background: transparent; border: none; }
QListWidget#sideList::item { padding: 9px 10px; border: 1px solid transparent; border-radius: 6px; }
QListWidget#sideList::item:selected:focus { border-color: @focus; }
QListWidget#sideList::item:disabled { color: @faint; }

QGroupBox { border: none; margin-top: 20px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; padding: 0; }
"""

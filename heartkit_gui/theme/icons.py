"""Icons: own SVG files tinted with the theme's colours, drawn at the device's pixel ratio."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from engine.resources import resource_path
from heartkit_gui.theme.tokens import Theme


@lru_cache(maxsize=256)
def svg_source(name: str) -> str:
    """Text of `resources/icons/NAME.svg`."""
    return resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")


def tinted_pixmap(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """The icon in one colour, `size` logical pixels square, sharp at the given device pixel ratio."""
    pixmap = QPixmap.fromImage(_tinted_image(name, colour, max(1, round(size * ratio))))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


@lru_cache(maxsize=1024)
def _tinted_image(name: str, colour: str, edge: int) -> QImage:
    image = QImage(edge, edge, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    source = svg_source(name).replace("currentColor", colour)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, edge, edge))
    painter.end()
    return image


def themed_icon(name: str, theme: Theme, *, checkable: bool = False) -> QIcon:
    """The icon for buttons and menus: text colour, accent when checked, faint when disabled."""
    icon = QIcon()
    states = [
        (QIcon.Mode.Normal, QIcon.State.Off, theme.text),
        (QIcon.Mode.Disabled, QIcon.State.Off, theme.text_disabled),
    ]
    if checkable:
        states.append((QIcon.Mode.Normal, QIcon.State.On, theme.accent))
    for mode, state, colour in states:
        for size in (20, 40):
            icon.addPixmap(tinted_pixmap(name, colour, size), mode, state)
    return icon


def application_icon() -> QIcon:
    """The program's own mark in the usual sizes."""
    icon = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        icon.addPixmap(tinted_pixmap("app", "#000000", size))
    return icon


ICON_SIZE = QSize(20, 20)

"""The panels around the trace: where they dock, which are shown, how the keyboard walks through them."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject, QSettings, Qt, Slot
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from heartkit_gui.actions.registry import ActionRegistry
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.panel import Panel

STATE_VERSION = 1
NARROW_PX = 1200  # a window this narrow starts without the left panels
LEFT_PX, RIGHT_PX, BOTTOM_PX = (236, 280), (356, 420), 250  # narrowest and widest
_AREAS = {
    "browser": Qt.DockWidgetArea.LeftDockWidgetArea,
    "info": Qt.DockWidgetArea.LeftDockWidgetArea,
    "findings": Qt.DockWidgetArea.RightDockWidgetArea,
    "trends": Qt.DockWidgetArea.BottomDockWidgetArea,
}


class Panels(QObject):
    """Owns the docks of a window. `targets` are the widgets that take the keyboard, by panel name."""

    def __init__(self, window: QMainWindow, docks: dict[str, Panel], targets: dict[str, QWidget]) -> None:
        super().__init__(window)
        self._window = window
        self._docks = docks
        self._targets = targets
        self._registry: ActionRegistry | None = None
        self._away: tuple[str, ...] | None = None  # panels put away for a while
        corners = Qt.Corner
        window.setCorner(corners.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        window.setCorner(corners.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        window.setCorner(corners.TopLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        window.setCorner(corners.TopRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        for name, dock in docks.items():
            window.addDockWidget(_AREAS[name], dock)

    def connect_actions(self, registry: ActionRegistry) -> None:
        """Keep the check marks of the panel actions true."""
        self._registry = registry
        for dock in self._docks.values():
            dock.visibilityChanged.connect(self._sync)
        self._sync()

    def dock(self, name: str) -> Panel:
        """The panel of that name."""
        return self._docks[name]

    def set_theme(self, theme: Theme) -> None:
        """Tint the buttons."""
        for dock in self._docks.values():
            dock.set_theme(theme)

    def reset(self) -> None:
        """Every panel where it was at first."""
        wide = self._window.width() >= NARROW_PX
        for name, dock in self._docks.items():
            dock.setFloating(False)
            self._window.addDockWidget(_AREAS[name], dock)
            dock.setVisible(name == "findings" or (name != "trends" and wide))
        browser, info = self._docks["browser"], self._docks["info"]
        self._window.splitDockWidget(browser, info, Qt.Orientation.Vertical)
        horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self._window.resizeDocks(
            [browser, self._docks["findings"]],
            [self._share(*LEFT_PX, 0.15), self._share(*RIGHT_PX, 0.22)],
            horizontal,
        )
        self._window.resizeDocks([browser, info], [3, 2], vertical)
        self._window.resizeDocks([self._docks["trends"]], [BOTTOM_PX], vertical)

    def _share(self, narrowest: int, widest: int, share: float) -> int:
        return min(widest, max(narrowest, round(share * self._window.width())))

    def suspend(self) -> None:
        """Put all panels away for a while."""
        if self._away is None:
            self._away = tuple(name for name, dock in self._docks.items() if not dock.isHidden())
            for dock in self._docks.values():
                dock.hide()

    def resume(self) -> None:
        """Bring back the panels that were put away."""
        away, self._away = self._away, None
        for name in away or ():
            self._docks[name].show()

    def save(self, store: QSettings) -> None:
        """Remember where everything is."""
        store.setValue("geometry", self._window.saveGeometry())
        store.setValue("panels", self._window.saveState(STATE_VERSION))

    def restore(self, store: QSettings) -> bool:
        """Put everything where it was; False where nothing is remembered."""
        geometry, state = store.value("geometry"), store.value("panels")
        if isinstance(geometry, QByteArray):
            self._window.restoreGeometry(geometry)
        return isinstance(state, QByteArray) and self._window.restoreState(state, STATE_VERSION)

    def focus(self, name: str) -> None:
        """Give a panel, or the trace, the keyboard."""
        self._targets[name].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def focus_next(self, step: int) -> None:
        """Give the keyboard to the next visible part of the window."""
        names = [n for n, target in self._targets.items() if n not in self._docks or target.isVisible()]
        present = QApplication.focusWidget()
        at = next(
            (i for i, name in enumerate(names) if present is not None and self._owner(name).isAncestorOf(present)),
            -1 if step > 0 else 0,
        )
        self.focus(names[(at + step) % len(names)])

    def _owner(self, name: str) -> QWidget:
        return self._docks.get(name) or self._targets[name]

    @Slot()
    def _sync(self) -> None:
        if self._registry is not None:
            for name, dock in self._docks.items():
                self._registry[f"view.panel_{name}"].setChecked(not dock.isHidden())

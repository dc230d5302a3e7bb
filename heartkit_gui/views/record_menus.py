"""Menus that depend on the record: recent files, leads, analysed lead, annotation sets."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from engine.records.annotations import Annotations
from engine.records.record import Record

BEST = -1  # the analysis chooses the lead itself


class RecordMenus(QObject):
    """Fills the menus it is given and announces what was chosen."""

    recent_chosen = Signal(object)  # Path
    leads_chosen = Signal(object)  # tuple of lead indices, None for all
    analysis_lead_chosen = Signal(int)  # BEST or a lead index
    annotations_chosen = Signal(str)  # annotator, "" for none

    def __init__(self, recent: QMenu, leads: QMenu, analysed: QMenu, annotations: QMenu) -> None:
        super().__init__(recent)
        self._recent, self._leads, self._analysed, self._annotations = recent, leads, analysed, annotations
        self._analysed_group = QActionGroup(self)
        self._annotation_group = QActionGroup(self)
        recent.triggered.connect(self._choose_recent)
        leads.triggered.connect(self._choose_leads)
        analysed.triggered.connect(self._choose_analysed)
        annotations.triggered.connect(self._choose_annotations)
        self.show_record(None)
        self.show_annotations(())
        self.show_recent(())

    def show_recent(self, paths: tuple[str, ...]) -> None:
        """List the records opened lately."""
        self._recent.clear()
        for path in paths:
            self._add(self._recent, f"{Path(path).name}  ({Path(path).parent})", path)
        self._recent.setEnabled(bool(paths))

    def show_record(self, record: Record | None) -> None:
        """List the leads of a record, all of them shown, the best one analysed."""
        self._leads.clear()
        self._analysed.clear()
        self._leads.setEnabled(record is not None)
        self._analysed.setEnabled(record is not None)
        if record is None:
            return
        self._add(self._leads, "All leads", None)
        self._leads.addSeparator()
        for i, lead in enumerate(record.leads):
            self._add(self._leads, lead.name, i, checked=True)
        best = self._add(self._analysed, "The most suitable lead", BEST, checked=True)
        self._analysed_group.addAction(best)
        self._analysed.addSeparator()
        for i, lead in enumerate(record.leads):
            if lead.is_voltage:
                self._analysed_group.addAction(self._add(self._analysed, lead.name, i, checked=False))

    def show_leads(self, shown: tuple[int, ...]) -> None:
        """Mark the leads that are on screen."""
        for action in self._leads.actions():
            if action.isCheckable():
                action.setChecked(action.data() in shown)

    def show_annotations(self, sets: tuple[Annotations, ...], shown: str = "") -> None:
        """List the annotation sets of a record."""
        self._annotations.clear()
        self._annotations.menuAction().setEnabled(True)
        if not sets:
            self._add(self._annotations, "This record has none", "").setEnabled(False)
            return
        none = self._add(self._annotations, "None", "", checked=not shown)
        self._annotation_group.addAction(none)
        for found in sets:
            text = f"{found.name}  ({len(found):,})".replace(",", "\u202f")
            action = self._add(self._annotations, text, found.name, checked=found.name == shown)
            action.setToolTip(found.source)
            self._annotation_group.addAction(action)

    @staticmethod
    def _add(menu: QMenu, text: str, data: object, checked: bool | None = None) -> QAction:
        action = menu.addAction(text.replace("&", "&&"))
        action.setData(data)
        if checked is not None:
            action.setCheckable(True)
            action.setChecked(checked)
        return action

    @Slot(QAction)
    def _choose_recent(self, action: QAction) -> None:
        self.recent_chosen.emit(Path(action.data()))

    @Slot(QAction)
    def _choose_leads(self, action: QAction) -> None:
        if action.data() is None:
            self.leads_chosen.emit(None)
            return
        shown = tuple(a.data() for a in self._leads.actions() if a.isCheckable() and a.isChecked())
        if not shown:  # an empty sheet is never what was meant
            action.setChecked(True)
            shown = (action.data(),)
        self.leads_chosen.emit(shown)

    @Slot(QAction)
    def _choose_analysed(self, action: QAction) -> None:
        self.analysis_lead_chosen.emit(int(action.data()))

    @Slot(QAction)
    def _choose_annotations(self, action: QAction) -> None:
        self.annotations_chosen.emit(str(action.data()))

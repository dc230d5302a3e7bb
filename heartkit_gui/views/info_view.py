"""Facts of the record: file, leads, device, and the person where the user wants to see them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from engine.records.record import Lead, Record
from engine.reports.wording import duration, rate
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import role_label
from heartkit_gui.widgets.panel import Section, scrolling
from heartkit_gui.widgets.tables import Column, RowTable

SIDE = 14

_LEADS = (
    Column("lead", lambda lead: lead.name, stretch=True),
    Column("unit", lambda lead: lead.unit),
    Column("step", lambda lead: lead_step(lead), right=True, tip="Smallest difference that is stored"),
)


def lead_step(lead: Lead) -> str:
    """Resolution of a lead, "2.5 µV"; "" where nothing is stored as integers."""
    if not lead.adu_per_unit:
        return ""
    step = 1.0 / abs(lead.adu_per_unit)
    return f"{step * 1000:.3g} µV" if lead.is_voltage else f"{step:.3g} {lead.unit}"


class InfoView(QWidget):
    """Shows what is known of a record from its headers."""

    patient_shown = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._record: Record | None = None
        self._form = QFormLayout()
        self._form.setContentsMargins(SIDE, 10, SIDE, 4)
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(5)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.leads = RowTable("Leads", _LEADS, max_rows=16)
        leads_box = QWidget()
        leads_layout = QVBoxLayout(leads_box)
        leads_layout.setContentsMargins(SIDE - 6, 0, SIDE - 6, 0)
        leads_layout.addWidget(self.leads)
        self._patient = QFormLayout()
        self._patient.setHorizontalSpacing(12)
        self._patient.setVerticalSpacing(5)
        patient_box = QWidget()
        patient_layout = QVBoxLayout(patient_box)
        patient_layout.setContentsMargins(SIDE, 2, SIDE, 4)
        self._patient_toggle = QCheckBox("Show personal data")
        self._patient_toggle.setAccessibleName("Show personal data")
        self._patient_toggle.toggled.connect(self._show_patient)
        patient_layout.addWidget(self._patient_toggle)
        patient_layout.addLayout(self._patient)
        self._notes = role_label("muted", wrap=True, selectable=True)
        self._notes.setContentsMargins(SIDE, 2, SIDE, 4)
        self._sections = (
            Section("Leads", leads_box),
            Section("Person", patient_box),
            Section("Remarks in the file", self._notes),
        )
        self._empty = role_label("muted", "No record is open.", wrap=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._empty.setContentsMargins(24, 24, 24, 24)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 12)
        layout.setSpacing(2)
        layout.addWidget(self._empty)
        layout.addLayout(self._form)
        for section in self._sections:
            layout.addWidget(section)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolling(body, "Record details"))
        self.show_record(None)

    def show_record(self, record: Record | None) -> None:
        """Show a record's facts, or that there is none."""
        self._record = record
        self._empty.setVisible(record is None)
        self._clear(self._form)
        for section in self._sections:
            section.setVisible(record is not None)
        if record is None:
            self._clear(self._patient)
            return
        info = record.info
        started = info.start_time.strftime("%Y-%m-%d %H:%M:%S") if info.start_time else ""
        for title, text in (
            ("Record", info.name),
            ("File", info.path.name),
            ("Format", info.format),
            ("Length", duration(record.duration_s)),
            ("Rate", rate(record.fs)),
            ("Samples", f"{record.n_samples:,}".replace(",", "\u202f")),
            ("Started", started),
            ("Device", info.device),
        ):
            self._add(self._form, title, text)
        self.leads.set_rows(record.leads)
        self._notes.setText("\n".join((*info.notices, *info.comments)))
        self._sections[2].setVisible(bool(self._notes.text()))
        self._show_patient(self._patient_toggle.isChecked())

    def set_patient_shown(self, shown: bool) -> None:
        """Show or hide what the file says of the person."""
        self._patient_toggle.setChecked(shown)

    def set_theme(self, theme: Theme) -> None:
        """Tint the fold marks."""
        for section in self._sections:
            section.set_theme(theme)

    @Slot(bool)
    def _show_patient(self, shown: bool) -> None:
        self._clear(self._patient)
        if self._record is not None:
            person = self._record.info.patient
            facts = [
                ("Id", person.id),
                ("Name", person.name),
                ("Sex", person.sex),
                ("Born", person.birth_date),
                ("Age", person.age),
                ("Notes", "; ".join(person.notes)),
            ]
            known = [(title, text) for title, text in facts if text]
            self._sections[1].setVisible(bool(known))
            for title, text in known if shown else []:
                self._add(self._patient, title, text)
        self.patient_shown.emit(shown)

    @staticmethod
    def _add(form: QFormLayout, title: str, text: str) -> None:
        if text:
            value = QLabel(text)
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            name = role_label("muted", title)
            name.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            form.addRow(name, value)

    @staticmethod
    def _clear(form: QFormLayout) -> None:
        while form.rowCount():
            form.removeRow(0)

"""The board: what it is, where its samples come from, noise, and the models that run on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from engine.devices.live_types import LiveStatistics, StreamOptions
from engine.devices.protocol import DeviceInfo, ModelInfo, Results, Source
from heartkit_gui.live import figures
from heartkit_gui.theme.tokens import Theme
from heartkit_gui.widgets.labels import ElidedLabel, name_choice, role_label, set_role
from heartkit_gui.widgets.panel import Section

NOISES = (
    ("baseline_mv", "Baseline wander", 1.0),
    ("muscle_mv", "Muscle", 0.5),
    ("electrode_mv", "Electrode motion", 1.0),
    ("mains_mv", "Mains hum", 0.5),
)
SOURCE_WORDS = {"sensor": "Sensor", "replay": "Recording on the board", "inject": "Open record"}
RESULT_WORDS = {
    Results.TENSOR: "Whole outputs",
    Results.CLASS_RUNS: "Classes",
    Results.HASH_ONLY: "Check sums, not drawn",
}
STEPS = 50
LIST_MARGIN_PX = 24
COUNTED_EARLIER = "Instructions of this emulated processor, counted when its image was made."


class NoiseSlider(QSlider):
    """Level of one kind of noise, as RMS in millivolts."""

    def __init__(self, name: str, most_mv: float, value: QLabel) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._most_mv, self._value = most_mv, value
        self.setRange(0, STEPS)
        self.setPageStep(5)
        self.setToolTip("RMS in millivolts, added by the board to its samples")
        self.setAccessibleName(f"{name} noise")
        self.valueChanged.connect(self.show_level)
        self.show_level()

    @property
    def level_mv(self) -> float:
        """The level chosen."""
        return self._most_mv * self.value() / STEPS

    @Slot()
    def show_level(self) -> None:
        """Write the level beside the slider."""
        self._value.setText(f"{self.level_mv:.2f} mV" if self.value() else "off")


class ModelBox(QWidget):
    """One model on the board: a switch, and how it does."""

    toggled = Signal()

    def __init__(self, model: ModelInfo) -> None:
        super().__init__()
        self.model = model
        self.switch = QCheckBox(model.name)
        self.switch.setAccessibleName(f"Run {model.name} on the board")
        self.switch.setChecked(True)
        if not model.hop:
            self.switch.setEnabled(False)
            self.switch.setToolTip("Does not follow the stream: it answers when it is asked")
        self.switch.clicked.connect(self.toggled)
        self.equal = role_label("small")
        self.equal.setToolTip("Results that this computer, on the same samples, got byte for byte")
        self.equal.setAccessibleName(f"{model.name}, results equal to the host's")
        self.cost, self.size_words = (ElidedLabel("", role="small") for _ in range(2))
        top = QHBoxLayout()
        top.addWidget(self.switch, 1)
        top.addWidget(self.equal)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 2)
        column.setSpacing(0)
        column.addLayout(top)
        for label in (self.cost, self.size_words):
            label.setContentsMargins(26, 0, 0, 0)
            column.addWidget(label)

    def show_figures(self, told: LiveStatistics, recorded: int) -> None:
        """How it does; `recorded`: instructions of an inference as counted earlier, 0 where nobody did."""
        mine = next((m for m in told.models if m.model_id == self.model.id), None)
        words = figures.model_words(self.model, mine, recorded, self.switch.isChecked())
        self.cost.setText(words.cost)
        self.size_words.setText(words.size)
        self.size_words.setVisible(bool(words.size))
        self.equal.setText(words.equal)
        set_role(self.equal, "danger" if words.differs else "small")


class BoardPanel(QWidget):
    """Asks for changes on the board; hidden while no board is known."""

    source_wanted = Signal(object, int)  # Source, number of the recording
    noise_wanted = Signal(dict)  # level in mV by kind, keywords of LiveSession.inject_noise
    models_wanted = Signal(tuple)  # ids
    options_wanted = Signal(object)  # StreamOptions

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._info: DeviceInfo | None = None
        self._options = StreamOptions()
        self._facts = QFormLayout()
        self._rows: dict[str, ElidedLabel] = {}
        self.boxes: list[ModelBox] = []
        facts = QWidget()
        facts.setLayout(self._facts)
        self._facts.setContentsMargins(4, 0, 0, 0)
        self._facts.setVerticalSpacing(2)
        self._model_part = QWidget()
        self._models = QVBoxLayout()
        self._models.setSpacing(4)
        self._counted = role_label("small", COUNTED_EARLIER, wrap=True)
        model_column = QVBoxLayout(self._model_part)
        model_column.setContentsMargins(4, 0, 0, 0)
        model_column.addLayout(self._models)
        model_column.addWidget(self._counted)
        self._sections = (
            Section("Board", facts, flush=True),
            Section("Input", self._input_part(), flush=True),
            Section("Models on the board", self._model_part, flush=True),
            Section("Noise added by the board", self._noise_part(), flush=True),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for section in self._sections:
            layout.addWidget(section)

    def _input_part(self) -> QWidget:
        part = QWidget()
        form = QFormLayout(part)
        form.setContentsMargins(4, 0, 0, 0)
        form.setVerticalSpacing(5)
        self.source = self._choice("Input", "Where the board takes its samples from")
        self.rate = self._choice("Sampling rate", "Another rate begins a new stream, and ends a recording")
        self.leads = self._choice("Number of leads", "Another number begins a new stream, and ends a recording")
        self.results = self._choice("What models send back", "Check sums and classes take less of a slow link")
        for words, box in (("From", self.source), ("Rate", self.rate), ("Leads", self.leads)):
            form.addRow(role_label("muted", words), box)
        form.addRow(role_label("muted", "Results"), self.results)
        self.source.activated.connect(self._choose_source)
        for box in (self.rate, self.leads, self.results):
            box.activated.connect(self._choose_options)
        return part

    @staticmethod
    def _choice(name: str, tip: str) -> QComboBox:
        box = QComboBox()
        box.setToolTip(tip)
        name_choice(box, name)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        return box

    def _noise_part(self) -> QWidget:
        part = QWidget()
        grid = QGridLayout(part)
        grid.setContentsMargins(4, 0, 0, 0)
        grid.setVerticalSpacing(4)
        self.noise: dict[str, NoiseSlider] = {}
        for row, (key, name, most) in enumerate(NOISES):
            value = role_label("small")
            value.setMinimumWidth(52)
            slider = NoiseSlider(name, most, value)
            slider.valueChanged.connect(self._choose_noise)
            self.noise[key] = slider
            grid.addWidget(role_label("muted", name), row, 0)
            grid.addWidget(slider, row, 1)
            grid.addWidget(value, row, 2)
        return part

    # -- what is shown

    def show_board(self, info: DeviceInfo | None, options: StreamOptions) -> None:
        """Offer what a board can do; None hides everything."""
        if info == self._info and options == self._options:
            return
        fresh = info != self._info
        self._info, self._options = info, options
        self.setVisible(info is not None)
        if info is None:
            return
        if fresh:
            self._offer(info)
        self._choose(self.rate, options.rate_hz or info.rates_hz[0])
        self._choose(self.leads, options.n_leads or len(info.leads))
        self._choose(self.results, options.results)
        for box in self.boxes:
            wanted = options.model_ids is None or box.model.id in options.model_ids
            box.switch.setChecked(bool(box.model.hop) and wanted)

    def _offer(self, info: DeviceInfo) -> None:
        recordings = info.recordings if "replay" in info.sources else ()
        sources: list[tuple[str, tuple[Source, int]]] = []
        for name in info.sources:
            if name == "replay" and recordings:
                titles = ("Recording that fits", *recordings[1:])  # the board chooses the first of them itself
                sources += [(title, (Source.REPLAY, k)) for k, title in enumerate(titles)]
            elif name.upper() in Source.__members__:
                sources.append((SOURCE_WORDS.get(name, name), (Source[name.upper()], 0)))
        _fill(self.source, sources)
        _fill(self.rate, [(f"{rate} Hz", rate) for rate in info.rates_hz])
        _fill(self.leads, [(_lead_words(info.leads[:n]), n) for n in range(1, len(info.leads) + 1)])
        _fill(self.results, [(words, kind) for kind, words in RESULT_WORDS.items()])
        while (item := self._models.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.boxes = [ModelBox(model) for model in info.models]
        before: QWidget = self._sections[2].heading
        for box in self.boxes:
            box.toggled.connect(self._choose_models)
            self._models.addWidget(box)
            self.setTabOrder(before, box.switch)
            before = box.switch
        if not self.boxes:
            self._models.addWidget(role_label("muted", "No model runs on this board."))

    def silence(self) -> None:
        """The board adds no noise any more: it began anew."""
        for slider in self.noise.values():
            slider.blockSignals(True)
            slider.setValue(0)
            slider.blockSignals(False)
            slider.show_level()

    def show_figures(self, told: LiveStatistics, recorded: Mapping[str, int]) -> None:
        """How the board does; `recorded`: instructions of an inference by model, as counted earlier."""
        if self._info is None:
            return
        rows = dict(figures.board_rows(self._info, told, recorded))
        for name in [known for known in self._rows if known not in rows]:
            self._facts.removeRow(self._rows.pop(name))
        for name, value in rows.items():
            if name not in self._rows:
                self._rows[name] = ElidedLabel("", Qt.TextElideMode.ElideRight)
                self._rows[name].setAccessibleName(name)
                self._facts.addRow(role_label("muted", name), self._rows[name])
            self._rows[name].setText(value)
        for box in self.boxes:
            box.show_figures(told, recorded.get(box.model.name, 0))
        self._counted.setVisible(figures.counts_earlier(told, recorded))
        source = (told.board.source, self.source.currentData()[1] if self.source.currentData() else 0)
        if not self.source.view().isVisible():
            self._choose(self.source, source)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        for section in self._sections:
            section.set_theme(theme)

    @staticmethod
    def _choose(box: QComboBox, value: object) -> None:
        at = next((i for i in range(box.count()) if box.itemData(i) == value), -1)
        if at >= 0 and at != box.currentIndex():
            box.setCurrentIndex(at)

    # -- what is asked for

    @Slot()
    def _choose_source(self) -> None:
        source, item = self.source.currentData()
        self.source_wanted.emit(source, item)

    @Slot()
    def _choose_options(self) -> None:
        self.options_wanted.emit(
            StreamOptions(
                rate_hz=self.rate.currentData(),
                n_leads=self.leads.currentData(),
                sample_bits=self._options.sample_bits,
                source=self.source.currentData()[0] if self.source.currentData() else Source.SENSOR,
                model_ids=self._options.model_ids,
                results=self.results.currentData(),
            )
        )

    @Slot()
    def _choose_noise(self) -> None:
        self.noise_wanted.emit({key: slider.level_mv for key, slider in self.noise.items()})

    @Slot()
    def _choose_models(self) -> None:
        self.models_wanted.emit(tuple(box.model.id for box in self.boxes if box.switch.isChecked()))


def _fill(box: QComboBox, choices: Sequence[tuple[str, object]]) -> None:
    box.clear()
    for words, value in choices:
        box.addItem(words, value)
    box.view().setMinimumWidth(box.view().sizeHintForColumn(0) + LIST_MARGIN_PX)


def _lead_words(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)}: {names[0]} to {names[-1]}"

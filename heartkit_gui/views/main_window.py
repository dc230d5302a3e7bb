"""The application window: puts views, commands and services together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QSettings, Qt, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow, QStackedWidget

from engine.analysis.types import Analysis
from engine.records.hints import TextHints
from engine.resources import resource_path
from heartkit_gui.actions.algorithm_commands import AlgorithmCommands
from heartkit_gui.actions.file_commands import FileCommands
from heartkit_gui.actions.go_commands import GoCommands, MeasureCommands
from heartkit_gui.actions.live_commands import LiveCommands
from heartkit_gui.actions.model_commands import ModelCommands
from heartkit_gui.actions.possible import possible
from heartkit_gui.actions.registry import ActionRegistry
from heartkit_gui.actions.table import ACTIONS
from heartkit_gui.actions.view_commands import ViewCommands
from heartkit_gui.actions.window_commands import AnalysisCommands, HelpCommands, WindowCommands
from heartkit_gui.context import AppContext
from heartkit_gui.model.settings import Settings
from heartkit_gui.services.loaders import Failure, Opened, Question
from heartkit_gui.theme.icons import application_icon
from heartkit_gui.theme.stylesheet import apply_theme
from heartkit_gui.theme.tokens import THEMES, Theme
from heartkit_gui.views.findings_view import FindingsView
from heartkit_gui.views.hints_dialog import HintsDialog
from heartkit_gui.views.info_view import InfoView
from heartkit_gui.views.panels import Panels
from heartkit_gui.views.record_browser import RecordBrowser
from heartkit_gui.views.record_menus import BEST, RecordMenus
from heartkit_gui.views.review_view import ReviewView
from heartkit_gui.views.status_bar import StatusBar
from heartkit_gui.views.toolbar import Toolbar
from heartkit_gui.views.trends_view import TrendsView
from heartkit_gui.widgets.dialogs import MessageDialog
from heartkit_gui.widgets.panel import Panel

if TYPE_CHECKING:
    from heartkit_gui.canvas.ecg_canvas import EcgCanvas
    from heartkit_gui.live.live_canvas import LiveCanvas

TITLE = "HeartKit Workbench"
SIZE = (1360, 850)


class MainWindow(QMainWindow):
    """One record at a time, with everything around it."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self._theme: Theme = THEMES[context.settings.settings.theme]
        self._arranged = False
        self._lead: int | None = None  # analysed lead, None for the most suitable
        self.setWindowTitle(TITLE)
        self.setAccessibleName(TITLE)
        self.setWindowIcon(application_icon())
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setMinimumSize(720, 480)
        self.resize(*SIZE)
        self._style_application()  # first, so that no part is styled twice
        self._build_views()
        self._build_actions()
        self._connect()
        self.apply_theme(self._theme)
        self._apply_settings(context.settings.settings)
        self.view.apply_overlays()
        self._record_changed()

    # -- building

    def _build_views(self) -> None:
        context = self.context
        self.review = ReviewView(context.document, context.selection)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.review)
        self.setCentralWidget(self.pages)
        self.browser = RecordBrowser(context.thumbnails)
        self.info = InfoView()
        self.findings = FindingsView()
        self.trends = TrendsView(self._theme)
        self.status = StatusBar()
        self.setStatusBar(self.status)
        docks = {
            "browser": Panel("browser", "Records", self.browser),
            "info": Panel("info", "Record details", self.info),
            "findings": Panel("findings", "Findings", self.findings),
            "trends": Panel("trends", "Trends", self.trends),
        }
        targets = {
            "trace": self.review.canvas,
            "overview": self.review.overview,
            "browser": self.browser.list,
            "info": self.info.leads,
            "findings": self.findings.episodes,
            "trends": self.trends,
        }
        self.panels = Panels(self, docks, targets)

    def _build_actions(self) -> None:
        self.view = ViewCommands(self)
        groups = {
            "file": FileCommands(self),
            "view": self.view,
            "go": (go := GoCommands(self)),
            "measure": (measure := MeasureCommands(self)),
            "analysis": AnalysisCommands(self),
            "algorithms": (algorithms := AlgorithmCommands(self)),
            "models": (models := ModelCommands(self)),
            "live": (live := LiveCommands(self)),
            "window": WindowCommands(self),
            "help": HelpCommands(self),
        }
        self.go = go
        self.measure = measure
        self.models = models
        self.live = live
        self.algorithms = algorithms
        self.registry = ActionRegistry(ACTIONS, groups, self)
        self.registry.install(self, self.review.canvas)
        bar = self.menuBar()
        bar.setAccessibleName("Menu")
        menus = self.registry.fill_menu_bar(bar)
        recent = menus["File"].addMenu("Open rece&nt")
        menus["File"].insertMenu(self.registry["file.reload"], recent)
        leads = menus["View"].addMenu("L&eads")
        menus["View"].insertMenu(menus["View/Paper speed"].menuAction(), leads)
        analysed = menus["Analysis"].addMenu("&Lead to analyse")
        annotations = menus["Analysis"].addMenu("&Reference annotations")
        self.menus = RecordMenus(recent, leads, analysed, annotations)
        self.toolbar = Toolbar(self.registry, menus["View/Overlays"], self)
        self.addToolBar(self.toolbar)
        self.panels.connect_actions(self.registry)
        self.measure.sync()

    def _connect(self) -> None:
        context, review = self.context, self.review
        context.loader.started.connect(self._opening)
        context.loader.opened.connect(self._opened)
        context.loader.asked.connect(self._ask)
        context.loader.failed.connect(self._failed)
        context.analysis.progressed.connect(self.status.show_progress)
        context.analysis.finished.connect(self._analysed)
        context.analysis.failed.connect(self._analysis_failed)
        context.analysis.cancelled.connect(self._analysis_cancelled)
        context.analysis.busy_changed.connect(self._busy_changed)
        context.pyramids.ready.connect(review.set_pyramid)
        context.document.record_changed.connect(self._record_changed)
        context.document.analysis_changed.connect(self._analysis_changed)
        context.document.comparison_changed.connect(self.sync_state)
        context.live.changed.connect(self.sync_state)
        context.document.annotations_changed.connect(self._annotations_changed)
        context.selection.span_changed.connect(self.findings.show_span)
        context.selection.beat_changed.connect(self.trends.show_beat)
        context.settings.changed.connect(self._apply_settings)
        context.faults.reported.connect(self._fault)
        review.canvas.view_changed.connect(self._view_changed)
        review.canvas.cursor_moved.connect(self.status.show_pointer)
        review.canvas.caliper_changed.connect(self.status.show_pointer)
        review.canvas.read_failed.connect(self._read_failed)
        review.banner.details_wanted.connect(self.show_notice)
        review.welcome.open_wanted.connect(self.registry["file.open"].trigger)
        review.welcome.sample_wanted.connect(self.open_sample)
        review.welcome.record_chosen.connect(self.open_path)
        review.welcome.live_wanted.connect(self.registry["live.start_an547"].trigger)
        self.browser.record_chosen.connect(self.open_path)
        self.browser.folder_changed.connect(self._folder_changed)
        self.info.patient_shown.connect(self._patient_shown)
        self.findings.span_chosen.connect(self.go.to_span)
        self.findings.class_chosen.connect(self.go.to_class)
        self.findings.measure_chosen.connect(self.go.to_measure)
        self.findings.analysis_wanted.connect(self.start_analysis)
        self.trends.beat_chosen.connect(self.go.to_beat)
        self.menus.recent_chosen.connect(self.open_path)
        self.menus.leads_chosen.connect(self.view.choose_leads)
        self.menus.analysis_lead_chosen.connect(self._choose_lead)
        self.menus.annotations_chosen.connect(self._choose_annotations)
        self.status.cancel_wanted.connect(self.context.analysis.cancel)

    # -- opening and closing

    @Slot(object)
    def open_path(self, path: Path, hints: TextHints | None = None) -> None:
        """Open a record, or browse a folder."""
        if path.is_dir():
            self.browser.show_folder(path)
            self.panels.dock("browser").show()
        else:
            if self.live.is_shown:
                self.live.show(False)
            self.context.loader.open(path, hints)

    @Slot(str)
    def open_sample(self, name: str) -> None:
        """Open a built-in record."""
        self.registry.run(f"file.sample_{name}")

    def close_record(self) -> None:
        """Show the welcome page."""
        self.context.loader.cancel()
        self._leave_record()
        self.context.document.close()

    def _leave_record(self) -> None:
        self.review.canvas.finish_loading()  # nobody may read from a record that is closed
        self.context.pyramids.cancel()
        self.context.analysis.cancel()
        self.context.comparison.cancel()

    @Slot(object)
    def _opening(self, path: Path) -> None:
        self.status.state.setText(f"Opening {path.name}…")

    @Slot(object)
    def _opened(self, opened: Opened) -> None:
        record = opened.record
        self._leave_record()
        self._lead = None
        self.context.document.open(record, opened.annotations, opened.hints)
        self.status.state.setText("")
        self.review.banner.show_message(opened.notices)
        self.context.pyramids.request(record)
        settings = self.context.settings
        settings.replace(settings.settings.with_recent(str(record.path)))
        is_sample = record.path.is_relative_to(resource_path("samples"))
        if self.browser.folder is None or (not is_sample and self.browser.folder != record.path.parent):
            self.browser.show_folder(record.path.parent)
        self.browser.mark_current(record.path)
        self.review.canvas.setFocus()
        if settings.settings.analyse_on_open:
            self.start_analysis()

    @Slot(str)
    def _read_failed(self, sentence: str) -> None:
        self.review.banner.show_message((sentence,), level="error")

    @Slot(object)
    def _ask(self, question: Question) -> None:
        self.status.state.setText("")
        dialog = HintsDialog(question.path, question.error, self)
        dialog.answered.connect(self.context.loader.open)
        self.show_dialog(dialog)

    @Slot(object)
    def _folder_changed(self, folder: Path) -> None:
        if not folder.is_relative_to(resource_path("samples")):
            self.context.settings.update(browser_folder=str(folder))

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self.status.state.setText("")
        settings = self.context.settings
        if not failure.path.exists():
            settings.replace(settings.settings.without_recent(str(failure.path)))
        self.show_fault("Cannot open the record", failure.sentence, failure.details)

    # -- analysis

    @Slot()
    def start_analysis(self) -> None:
        """Analyse the open record in the background."""
        document = self.context.document
        if document.record is not None:
            self.findings.show_message("Analysing…")
            stages = self.context.settings.settings.stages
            self.context.analysis.start(document.record.path, document.hints, self._lead, stages)

    @Slot(object)
    def _analysed(self, analysis: Analysis) -> None:
        self.context.document.set_analysis(analysis)
        self.status.state.setText(f"Analysed lead {analysis.lead}")

    @Slot(str, str)
    def _analysis_failed(self, sentence: str, details: str) -> None:
        self.status.state.setText("Not analysed")
        self.findings.show_message(sentence, can_run=True)
        self.review.banner.show_message((sentence,), level="error", details=details)

    @Slot()
    def _analysis_cancelled(self) -> None:
        self.status.state.setText("Analysis stopped")
        if self.context.document.analysis is None:
            self.findings.show_message("The analysis was stopped.", can_run=True)
        else:
            self.findings.show_analysis(self.context.document.analysis)

    @Slot(bool)
    def _busy_changed(self, busy: bool) -> None:
        self.status.set_busy(busy)
        self.sync_state()

    @Slot(int)
    def _choose_lead(self, lead: int) -> None:
        self._lead = None if lead == BEST else lead
        self.start_analysis()

    @Slot(str)
    def _choose_annotations(self, name: str) -> None:
        self.context.document.show_annotations(name or None)
        if name and not self.review.canvas.overlay_visible("annotations"):
            self.registry.run("view.overlay_annotations")

    # -- keeping up with the document

    @Slot()
    def _record_changed(self) -> None:
        record = self.context.document.record
        self.setWindowTitle(f"{record.name} – {TITLE}" if record is not None else TITLE)
        self.info.show_record(record)
        self.menus.show_record(record)
        self.browser.mark_current(record.path if record is not None else None)
        if record is None:
            self.status.clear_record()
            self.findings.show_message("Open a record to see its findings.")
        else:
            self.status.show_record(record.fs, record.duration_s)
        self.sync_state()
        self.view.record_changed()
        self._view_changed()

    @Slot()
    def _analysis_changed(self) -> None:
        analysis = self.context.document.analysis
        if analysis is not None:
            self.findings.show_analysis(analysis)
        elif self.context.document.record is not None:
            self.findings.show_message("Not analysed yet.", can_run=True)
        self.trends.show_analysis(analysis)
        self.sync_state()
        self._view_changed()

    @Slot()
    def _annotations_changed(self) -> None:
        document = self.context.document
        shown = document.shown_annotations
        self.menus.show_annotations(document.annotations, shown.name if shown is not None else "")

    @Slot()
    def _view_changed(self) -> None:
        document, canvas = self.context.document, self.review.canvas
        if document.record is not None:
            record = document.record
            view = (canvas.view_start, canvas.view_stop)
            self.status.show_view(record.fs, record.n_samples, *view, document.analysis)

    @property
    def trace(self) -> EcgCanvas | LiveCanvas:
        """The trace in the middle of the window."""
        return self.live.trace or self.review.canvas

    @property
    def still(self) -> EcgCanvas:
        """The trace that can be walked through and measured: the frozen one, or that of the record."""
        return self.live.frozen or self.review.canvas

    @property
    def traces(self) -> tuple[EcgCanvas | LiveCanvas, ...]:
        """Every trace there is."""
        return (self.review.canvas, *self.live.traces)

    @Slot()
    def sync_state(self) -> None:
        """Enable what can be done now."""
        self.registry.set_state(possible(self.context, self.live))
        self.view.sync_layouts()

    # -- settings and theme

    @Slot(object)
    def _apply_settings(self, settings: Settings) -> None:
        if settings.theme != self._theme.name:
            self.apply_theme(THEMES[settings.theme])
        canvas = self.review.canvas
        canvas.set_pixels_per_mm(settings.pixels_per_mm)
        self.live.set_pixels_per_mm(settings.pixels_per_mm)
        self.context.live.stages = settings.stages
        self.view.apply_defaults(settings)
        self.info.set_patient_shown(settings.show_patient)
        self.menus.show_recent(settings.recent)
        self.review.welcome.show_recent(settings.recent)
        self.sync_state()

    def apply_theme(self, theme: Theme) -> None:
        """Paper or dark, everywhere."""
        self._theme = theme
        self._style_application()
        self.registry.set_theme(theme)
        for part in (self.review, self.browser, self.info, self.findings, self.trends):
            part.set_theme(theme)
        self.status.set_theme(theme)
        self.toolbar.set_theme(theme)
        self.panels.set_theme(theme)
        self.models.set_theme()
        self.live.set_theme()
        self.context.thumbnails.set_style(theme.trace, self.devicePixelRatioF())
        self.view.sync()

    @property
    def theme(self) -> Theme:
        """The colours in force."""
        return self._theme

    def _style_application(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, self._theme, self.context.glyph_folder)

    @Slot(bool)
    def _patient_shown(self, shown: bool) -> None:
        self.context.settings.update(show_patient=shown)

    # -- telling the user

    def say(self, sentence: str) -> None:
        """A passing remark in the status bar."""
        self.status.say(sentence)

    def show_dialog(self, dialog: QDialog) -> None:
        """Show a dialog over the window, without stopping the program."""
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def show_fault(self, title: str, sentence: str, details: str = "") -> None:
        """One sentence in a dialog, details on demand."""
        self.show_dialog(MessageDialog(title, sentence, details, self._theme, self))

    @Slot(str, str)
    def show_notice(self, sentence: str, details: str) -> None:
        """What the banner has no room for."""
        self.show_dialog(MessageDialog("Notice", sentence, details, self._theme, self, level="info"))

    @Slot(str, str)
    def _fault(self, sentence: str, details: str) -> None:
        self.show_fault("Something went wrong", sentence, details)

    # -- Qt

    def restore_layout(self) -> None:
        """Put window and panels where they were last time, and browse the folder of last time."""
        self._arranged = self.panels.restore(self._geometry_store())
        folder = self.context.settings.settings.browser_folder
        if folder:
            self.browser.show_folder(Path(folder))

    def _geometry_store(self) -> QSettings:
        return QSettings(str(self.context.geometry_file), QSettings.Format.IniFormat)

    def showEvent(self, event: QShowEvent) -> None:
        """The size at first decides which panels start open, unless they were arranged last time."""
        super().showEvent(event)
        if not self._arranged:
            self._arranged = True
            self.panels.reset()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take local files and folders."""
        if _local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first of the files dropped."""
        files = _local_files(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.open_path(files[0])
            if len(files) > 1:
                self.say(f"Opened the first of {len(files)} files.")

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the layout, end the services."""
        self.panels.resume()
        self.panels.save(self._geometry_store())
        self.live.shutdown()
        self.browser.shutdown()
        self.models.shutdown()
        self.review.canvas.finish_loading()  # its threads must not outlive it
        self.context.shutdown()
        event.accept()


def _local_files(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]

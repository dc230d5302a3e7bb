"""Small pictures of recordings, drawn off the GUI thread, newest request first."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from engine.errors import EngineError
from engine.records.record import Record
from engine.reports.wording import duration, rate
from heartkit_gui.services.catalogue import Entry
from heartkit_gui.services.delivery import Mailbox

log = logging.getLogger(__name__)

SIZE = QSize(92, 34)
SPAN_S = 5.0
KEPT = 512
WAITING_LIMIT = 64  # rows scrolled away long ago are not worth drawing
MAX_SAMPLES = 200_000  # of the picture, against absurd sampling rates


@dataclass(frozen=True)
class Thumbnail:
    """A row's picture, its line of facts and its tool tip; `fault` where the file cannot be opened."""

    image: QImage | None
    facts: str
    tip: str
    fault: bool = False


class ThumbnailService(QObject):
    """Draws what is asked for, one after the other, and keeps the latest few hundred."""

    ready = Signal(object)  # Entry

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mailbox = Mailbox(self)
        self._done: OrderedDict[tuple[Entry, str, float], Thumbnail] = OrderedDict()
        self._waiting: OrderedDict[tuple[Entry, str, float], None] = OrderedDict()
        self._lock = threading.Lock()
        self._running = False
        self._colour = "#000000"
        self._ratio = 1.0

    def set_style(self, colour: str, ratio: float) -> None:
        """Colour of the trace and device pixel ratio of pictures drawn from now on."""
        self._colour, self._ratio = colour, ratio

    @property
    def busy(self) -> bool:
        """True while pictures are being drawn."""
        return self._running

    def get(self, entry: Entry) -> Thumbnail | None:
        """The picture, or None: then it is being drawn and `ready` follows."""
        key = (entry, self._colour, self._ratio)
        known = self._done.get(key)
        if known is not None:
            self._done.move_to_end(key)
            return known
        with self._lock:
            self._waiting[key] = None
            self._waiting.move_to_end(key)
            while len(self._waiting) > WAITING_LIMIT:
                self._waiting.popitem(last=False)
            if self._running:
                return None
            self._running = True
        self._mailbox.start("thumbnails", self._work, self._finished)
        return None

    def shutdown(self) -> None:
        """Stop drawing."""
        with self._lock:
            self._waiting.clear()
        self._mailbox.close()

    def _work(self) -> object:
        while True:
            with self._lock:
                if not self._waiting:
                    self._running = False
                    return None
                key, _ = self._waiting.popitem(last=True)
            self._mailbox.post(self._drawn, (key, draw(*key)))

    def _drawn(self, value: object) -> None:
        assert isinstance(value, tuple)
        key, thumbnail = value
        self._done[key] = thumbnail
        while len(self._done) > KEPT:
            self._done.popitem(last=False)
        self.ready.emit(key[0])

    def _finished(self, _: object) -> None:
        """The worker ended because nothing was waiting."""


def draw(entry: Entry, colour: str, ratio: float) -> Thumbnail:
    """Open a record and draw the first seconds of its first voltage lead; never raises."""
    from engine.records import open_record

    try:
        with open_record(entry.path) as record:
            leads = len(record.leads)
            facts = f"{leads} lead{'s' if leads != 1 else ''} · {duration(record.duration_s)}"
            tip = f"{entry.path}\n{record.info.format}, {facts}, {rate(record.fs)}"
            return Thumbnail(_picture(record, colour, ratio), facts, tip)
    except EngineError as error:
        return Thumbnail(None, error.fault, f"{entry.path}\n{error}", True)
    except Exception:
        log.exception("thumbnail of %s", entry.path)
        return Thumbnail(None, "cannot be read", str(entry.path), True)


def _picture(record: Record, colour: str, ratio: float) -> QImage | None:
    lead = next((i for i, known in enumerate(record.leads) if known.is_voltage), None)
    if lead is None or record.n_samples < 2:
        return None
    block = record.read(0, min(round(SPAN_S * record.fs) + 1, MAX_SAMPLES), [lead])
    values, valid = block.values[0], block.valid[0]
    if not valid.any():
        return None
    width, height = round(SIZE.width() * ratio), round(SIZE.height() * ratio)
    low, high = np.percentile(values[valid], [0.2, 99.8])
    span = max(float(high - low), 0.5)  # a flat line stays flat
    middle = float(high + low) / 2
    edges = np.linspace(0, len(values), width + 1).astype(int)
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setPen(QPen(QColor(colour), 1))
    former = None
    for x in range(width):
        a, b = edges[x], max(edges[x + 1], edges[x] + 1)
        here = values[a:b][valid[a:b]]
        if not here.size:
            former = None
            continue
        top, bottom = (height / 2 - (float(v) - middle) / span * (height - 4) for v in (here.max(), here.min()))
        if former is not None:  # join columns of steep slopes
            top, bottom = min(top, former[1]), max(bottom, former[0])
        former = (top, bottom)
        painter.drawLine(QLineF(x + 0.5, top, x + 0.5, max(bottom, top + 1)))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image

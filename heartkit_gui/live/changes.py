"""From where on findings drawn once must be drawn again. No Qt."""

from __future__ import annotations

import numpy as np

from engine.analysis.types import ABSENT
from heartkit_gui.canvas.marks import Marks, Spans


def first_change(former: Marks | None, present: Marks | None) -> int | None:
    """The first sample at which marks over the traces differ; None where they are the same.

    Beats that only left or entered on the left, because the stretch looked at moved on, do not count.
    """
    if former is None or present is None:
        known = former or present
        return None if known is None else _first(known)
    changes = [_beat_change(former, present), _span_change(former.quality, present.quality)]
    return min((c for c in changes if c is not None), default=None)


def _first(marks: Marks) -> int | None:
    starts = [int(marks.beats.sample[0])] if len(marks.beats) else []
    starts += [span.start for span in marks.quality.spans[:1]]
    waves = marks.fiducials[marks.fiducials != ABSENT]
    starts += [int(waves.min())] if waves.size else []
    return min(starts, default=None)


def _beat_change(former: Marks, present: Marks) -> int | None:
    a, b = former.beats, present.beats
    begin = max((int(x.sample[0]) for x in (a, b) if len(x)), default=0)
    i, j = (int(np.searchsorted(x.sample, begin)) for x in (a, b))
    both = min(len(a) - i, len(b) - j)
    same = (
        (a.sample[i : i + both] == b.sample[j : j + both])
        & (a.kind[i : i + both] == b.kind[j : j + both])
        & (a.confidence[i : i + both] == b.confidence[j : j + both])
        & (former.fiducials[i : i + both] == present.fiducials[j : j + both]).all(axis=1)
    )
    wrong = np.flatnonzero(~same)
    at = int(wrong[0]) if wrong.size else both
    rows = [table[k + at : k + at + 1] for table, k in ((former.fiducials, i), (present.fiducials, j))]
    samples = [x.sample[k + at : k + at + 1] for x, k in ((a, i), (b, j))]
    marks = np.concatenate([*(row[row != ABSENT] for row in rows), *samples])
    return int(marks.min()) if marks.size else None


def _span_change(former: Spans, present: Spans) -> int | None:
    """A span that only grew or shrank at its end changes from there on."""
    a, b = ({(span.start, span.label): span.stop for span in spans.spans} for spans in (former, present))
    changed = [key[0] for key in a.keys() ^ b.keys()]
    changed += [min(a[key], b[key]) for key in a.keys() & b.keys() if a[key] != b[key]]
    return min(changed, default=None)

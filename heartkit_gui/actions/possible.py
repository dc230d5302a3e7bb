"""What can be done now: the conditions that commands name."""

from __future__ import annotations

from heartkit_gui.actions.live_commands import LiveCommands
from heartkit_gui.context import AppContext


def possible(context: AppContext, live: LiveCommands) -> dict[str, bool]:
    """Each condition of the table of actions; in the live view, none that concerns the record behind it."""
    document, view = context.document, live.view
    streams = view is not None and view.has_stream
    has_record = document.record is not None and not live.is_shown
    return {
        "record": has_record,
        "still": has_record or live.frozen is not None,
        "analysis": document.analysis is not None and not live.is_shown,
        "busy": context.analysis.busy,
        "recent": bool(context.settings.settings.recent),
        "compared": document.comparison is not None and not live.is_shown,
        "trace": streams if live.is_shown else document.record is not None,
        "live": streams and live.is_shown,
        "stream": context.live.is_open or bool(context.live.under_way),
        "samples": streams and context.live.is_open,
    }

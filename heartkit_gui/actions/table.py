"""The action table: menus, toolbar, shortcuts, command palette, shortcut sheet and docs/shortcuts.md all read it.

Menus appear in the order of their first row. The beat letters (N S V F Q A J L R B E), Delete, Insert and Backspace
are kept free for label editing.
"""

from __future__ import annotations

from engine.signals.filters import PRESETS
from heartkit_gui.actions.live_table import LIVE_ACTIONS
from heartkit_gui.actions.row import ActionRow
from heartkit_gui.canvas.layouts import LAYOUT_NAMES
from heartkit_gui.canvas.scale import GAINS, SPEEDS

RESERVED_KEYS = (*"NSVFQAJLRBE", "Del", "Ins", "Backspace", "P", "X", "/", ".")

_FILE = (
    ActionRow(
        "file.open", "&Open record…", "Open an ECG recording from a file", "file.open_dialog", "&File",
        ("Ctrl+O",), "open",
    ),
    ActionRow(
        "file.folder", "Open &folder…", "Show the recordings of a folder in the record browser",
        "file.folder_dialog",
        "&File", ("Ctrl+Shift+O",), "folder",
    ),
    ActionRow(
        "file.sample_mitdb", "MIT-BIH &208, five minutes", "Open the built-in ambulatory recording",
        "file.open_sample",
        "&File/Built-in &samples", argument="mitdb",
    ),
    ActionRow(
        "file.sample_12lead", "Resting &12-lead, ten seconds", "Open the built-in 12-lead recording",
        "file.open_sample", "&File/Built-in &samples", argument="12lead",
    ),
    ActionRow(
        "file.reload", "&Read again", "Open the present record once more from its file", "file.reload", "&File",
        ("Ctrl+R",), needs="record",
    ),
    ActionRow(
        "file.close", "&Close record", "Close the record", "file.close", "&File", ("Ctrl+W",), needs="record",
    ),
    ActionRow(
        "file.clear_recent", "For&get recent files", "Empty the list of recent records", "file.clear_recent",
        "&File",
        needs="recent",
    ),
    ActionRow(
        "file.picture", "Save &picture of the trace…", "Save what the trace shows as a PNG file",
        "file.save_picture",
        "&File", ("Ctrl+Shift+S",), "picture", needs="record", separator=True,
    ),
    ActionRow(
        "file.copy", "Cop&y picture of the trace", "Copy what the trace shows to the clipboard",
        "file.copy_picture",
        "&File", ("Ctrl+Shift+C",), needs="record",
    ),
    ActionRow(
        "file.settings", "S&ettings…", "Theme, screen calibration, defaults", "window.settings", "&File",
        ("Ctrl+,",), "settings", separator=True,
    ),
    ActionRow("file.quit", "&Quit", "Close the program", "window.quit", "&File", ("Ctrl+Q",)),
)  # fmt: skip

_LAYOUT_KEYS = dict(zip(LAYOUT_NAMES, ("F2", "F3", "F4", "F5", "F6", "F7"), strict=True))
_LAYOUTS = (
    *(
        ActionRow(
            f"view.layout_{name}", title, f"Arrange the leads: {title}", "view.layout", "&View/&Layout",
            (_LAYOUT_KEYS[name],), argument=name, checkable=True, group="layout", needs="record",
        )
        for name, title in LAYOUT_NAMES.items()
    ),
    ActionRow(
        "view.lead_previous", "&Previous lead alone", "Show one lead: the one before", "view.single_lead",
        "&View/&Layout", ("F8",), argument="-1", needs="record", separator=True,
    ),
    ActionRow(
        "view.lead_next", "&Next lead alone", "Show one lead: the one after", "view.single_lead", "&View/&Layout",
        ("F9",), argument="1", needs="record",
    ),
)  # fmt: skip

_SPEED_KEYS = {5.0: "Alt+1", 10.0: "Alt+2", 25.0: "Alt+3", 50.0: "Alt+4", 100.0: "Alt+5"}
_SPEEDS = (
    *(
        ActionRow(
            f"view.speed_{speed:g}", f"{speed:g} mm/s", f"Paper speed {speed:g} mm/s", "view.speed",
            "&View/Paper &speed", (_SPEED_KEYS[speed],) if speed in _SPEED_KEYS else (), argument=f"{speed:g}",
            checkable=True, group="speed", needs="trace",
        )
        for speed in SPEEDS
    ),
    ActionRow(
        "view.zoom_in", "Zoom &in", "Show less time", "view.zoom", "&View/Paper &speed", ("Ctrl++", "Ctrl+="),
        argument="1", needs="trace", separator=True,
    ),
    ActionRow(
        "view.zoom_out", "Zoom &out", "Show more time", "view.zoom", "&View/Paper &speed", ("Ctrl+-",),
        argument="-1", needs="trace",
    ),
    ActionRow(
        "view.whole", "&Whole record", "Show the record from start to end", "view.whole_record",
        "&View/Paper &speed",
        ("Ctrl+0",), needs="record",
    ),
)  # fmt: skip

_GAINS = (
    *(
        ActionRow(
            f"view.gain_{gain:g}", f"{gain:g} mm/mV", f"Gain {gain:g} mm/mV", "view.gain", "&View/&Gain",
            argument=f"{gain:g}", checkable=True, group="gain", needs="trace",
        )
        for gain in GAINS
    ),
    ActionRow(
        "view.gain_up", "&Larger", "Next larger gain", "view.gain_step", "&View/&Gain", ("+",), argument="1",
        needs="trace", scope="trace", separator=True,
    ),
    ActionRow(
        "view.gain_down", "&Smaller", "Next smaller gain", "view.gain_step", "&View/&Gain", ("-",), argument="-1",
        needs="trace", scope="trace",
    ),
    ActionRow(
        "view.invert", "&Upside down", "Turn the traces over", "view.invert", "&View/&Gain", ("I",), checkable=True,
        needs="record", scope="trace",
    ),
    ActionRow(
        "view.gain_reset", "Standard &gain", "Back to 10 mm/mV", "view.gain", "&View/&Gain", ("=",), argument="10",
        needs="trace", scope="trace",
    ),
)  # fmt: skip

_FILTER_TEXTS = {"Muscle": "Mu&scle"}  # "&" before the first letter elsewhere
_FILTER_TIPS = {
    "Unfiltered": "The signal as recorded",
    "Diagnostic": "0.05 to 150 Hz",
    "Monitor": "0.5 to 40 Hz: calm, but ST segments and fine detail suffer",
    "Muscle": "0.05 to 35 Hz: less muscle noise",
    "Baseline": "Above 0.5 Hz: no baseline wander",
}
_FILTERS = (
    *(
        ActionRow(
            f"view.filter_{name.lower()}", _FILTER_TEXTS.get(name, f"&{name}"), _FILTER_TIPS[name],
            "view.filter", "&View/&Filter", argument=name, checkable=True, group="filter", needs="trace",
        )
        for name in PRESETS
    ),
    ActionRow(
        "view.mains", "Remove mains &hum", "Take out 50 or 60 Hz, as chosen in Settings", "view.mains",
        "&View/&Filter", ("Ctrl+M",), checkable=True, needs="trace", separator=True,
    ),
    ActionRow(
        "view.filter_swap", "&Compare with unfiltered", "Switch between filtered and unfiltered",
        "view.swap_filter", "&View/&Filter", ("Ctrl+B",), needs="trace",
    ),
)  # fmt: skip

_OVERLAY_TEXTS = {
    "segments": ("&P, QRS and T bands", "Tint the waves of every beat"),
    "fiducials": ("&Wave boundaries", "Mark onsets, peaks and ends of waves"),
    "beats": ("&Beat labels", "Letter and mark of every beat"),
    "rhythm": ("&Rhythm band", "Rhythm and events below the trace"),
    "quality": ("Signal &quality", "Stretches that cannot be read, and why"),
    "annotations": ("Reference &annotations", "The annotation set chosen in the Annotations menu"),
}
_OVERLAYS = (
    *(
        ActionRow(
            f"view.overlay_{name}", text, tip, "view.overlay", "&View/&Overlays", argument=name, checkable=True,
            needs="record",
        )
        for name, (text, tip) in _OVERLAY_TEXTS.items()
    ),
    ActionRow(
        "view.overlays_all", "Show or h&ide all", "Hide every overlay, or bring them back", "view.toggle_overlays",
        "&View/&Overlays", ("O",), needs="record", scope="trace", separator=True,
    ),
)  # fmt: skip

_WINDOW = (
    ActionRow(
        "view.theme", "&Dark theme", "Switch between paper and dark", "view.theme", "&View", ("Ctrl+Shift+D",),
        "theme_dark", checkable=True, separator=True,
    ),
    ActionRow(
        "view.full_screen", "F&ull screen", "Use the whole screen", "window.full_screen", "&View", ("F11",),
        "fullscreen", checkable=True,
    ),
    ActionRow(
        "view.panel_browser", "&Records", "Show or hide the record browser", "window.panel", "&View/&Panels",
        ("Ctrl+1",), "folder", checkable=True, argument="browser",
    ),
    ActionRow(
        "view.panel_info", "Record &details", "Show or hide the details of the record", "window.panel",
        "&View/&Panels", ("Ctrl+2",), "info", checkable=True, argument="info",
    ),
    ActionRow(
        "view.panel_findings", "&Findings", "Show or hide the findings", "window.panel", "&View/&Panels",
        ("Ctrl+3",), "findings", checkable=True, argument="findings",
    ),
    ActionRow(
        "view.panel_trends", "&Trends", "Show or hide heart rate trend, RR intervals and Poincaré plot",
        "window.panel", "&View/&Panels", ("Ctrl+4",), "trends", checkable=True, argument="trends",
    ),
    ActionRow(
        "view.focus_next", "&Next panel", "Move the keyboard focus to the next panel", "window.focus_panel",
        "&View/&Panels", ("Ctrl+Tab",), argument="1", separator=True,
    ),
    ActionRow(
        "view.focus_previous", "&Previous panel", "Move the keyboard focus to the panel before",
        "window.focus_panel",
        "&View/&Panels", ("Ctrl+Shift+Tab",), argument="-1",
    ),
    ActionRow(
        "view.reset_layout", "Reset &layout", "Put all panels where they were at first", "window.reset_layout",
        "&View/&Panels", separator=True,
    ),
)  # fmt: skip


_GO = (
    ActionRow(
        "go.next_beat", "Next &beat", "Select the next beat", "go.beat", "&Go", ("Tab",), "next_beat", "1",
        needs="still", scope="canvas",
    ),
    ActionRow(
        "go.previous_beat", "Previous b&eat", "Select the beat before", "go.beat", "&Go", ("Shift+Tab",),
        "previous_beat", "-1", needs="still", scope="canvas",
    ),
    ActionRow(
        "go.next_ectopic", "Next e&ctopic beat", "Select the next beat that is not normal", "go.ectopic", "&Go",
        ("}",), argument="1", needs="analysis",
    ),
    ActionRow(
        "go.previous_ectopic", "Previous ec&topic beat", "Select the beat before that is not normal", "go.ectopic",
        "&Go", ("{",), argument="-1", needs="analysis",
    ),
    ActionRow(
        "go.next_episode", "&Next episode", "Go to the next rhythm episode or event", "go.episode", "&Go", ("]",),
        "next_episode", "1", needs="analysis",
    ),
    ActionRow(
        "go.previous_episode", "&Previous episode", "Go to the rhythm episode or event before", "go.episode", "&Go",
        ("[",), "previous_episode", "-1", needs="analysis",
    ),
    ActionRow(
        "go.time", "Go to t&ime…", "Type a time to go to", "go.time_dialog", "&Go", ("Ctrl+G",), needs="record",
    ),
    ActionRow(
        "go.page_next", "Page &forward", "One page forward", "go.page", "&Go", ("PgDown",), argument="1",
        needs="still", scope="canvas", separator=True,
    ),
    ActionRow(
        "go.page_previous", "Page bac&k", "One page back", "go.page", "&Go", ("PgUp",), argument="-1",
        needs="still", scope="canvas",
    ),
    ActionRow(
        "go.half_next", "Half a page forward", "Half a page forward", "go.page", "&Go", ("Alt+Right",),
        argument="0.5", needs="still", scope="canvas",
    ),
    ActionRow(
        "go.half_previous", "Half a page back", "Half a page back", "go.page", "&Go", ("Alt+Left",),
        argument="-0.5", needs="still", scope="canvas",
    ),
    ActionRow(
        "go.step_next", "Step forward", "A tenth of a page forward", "go.page", "&Go", ("Right",), argument="0.1",
        needs="still", scope="canvas",
    ),
    ActionRow(
        "go.step_previous", "Step back", "A tenth of a page back", "go.page", "&Go", ("Left",), argument="-0.1",
        needs="still", scope="canvas",
    ),
    ActionRow(
        "go.second_next", "One second forward", "One second forward", "go.seconds", "&Go", ("Shift+Right",),
        argument="1", needs="still", scope="canvas",
    ),
    ActionRow(
        "go.second_previous", "One second back", "One second back", "go.seconds", "&Go", ("Shift+Left",),
        argument="-1", needs="still", scope="canvas",
    ),
    ActionRow(
        "go.start", "&Start of record", "Go to the start", "go.edge", "&Go", ("Home", "Ctrl+Home"),
        argument="start", needs="still", scope="canvas",
    ),
    ActionRow(
        "go.end", "En&d of record", "Go to the end", "go.edge", "&Go", ("End", "Ctrl+End"), argument="end",
        needs="still", scope="canvas",
    ),
)  # fmt: skip

_MEASURE = (
    ActionRow(
        "measure.time", "&Time calipers", "Measure a time: drag on the trace", "measure.tool", "&Measure", ("C",),
        "caliper_time", "time", True, "tool", "still",
    ),
    ActionRow(
        "measure.voltage", "&Voltage calipers", "Measure a voltage: drag on the trace", "measure.tool", "&Measure",
        ("Shift+C",), "caliper_voltage", "voltage", True, "tool", "still",
    ),
    ActionRow(
        "measure.march", "&March-out calipers", "Lay one interval over the trace again and again", "measure.tool",
        "&Measure", ("M",), "caliper_march", "march", True, "tool", "still",
    ),
    ActionRow(
        "measure.pan", "&Hand", "Drag to move the trace", "measure.tool", "&Measure", ("H",), "pan", "pan", True,
        "tool", "still",
    ),
    ActionRow(
        "measure.clear", "&Clear calipers", "Remove calipers and go back to the hand", "measure.clear", "&Measure",
        ("Esc",), needs="still", scope="canvas", separator=True,
    ),
)  # fmt: skip

_ANALYSIS = (
    ActionRow(
        "analysis.run", "&Analyse", "Analyse the record in the background", "analysis.run", "&Analysis",
        ("Ctrl+Return",), "analyse", needs="record",
    ),
    ActionRow(
        "analysis.cancel", "&Stop analysis", "Stop the analysis that is running", "analysis.cancel", "&Analysis",
        ("Ctrl+.",), "cancel", needs="busy",
    ),
    ActionRow(
        "analysis.algorithms", "Al&gorithms…", "Choose which model or algorithm makes each part of the analysis",
        "algorithms.choose", "&Analysis", ("Ctrl+Shift+A",), separator=True,
    ),
    ActionRow(
        "analysis.compare", "&Compare with…", "Lay an analysis by other algorithms below the trace",
        "algorithms.compare", "&Analysis", ("Ctrl+Shift+B",), needs="analysis",
    ),
    ActionRow(
        "analysis.next_difference", "&Next difference", "Go to the next place where the two analyses differ",
        "algorithms.difference", "&Analysis", ("Ctrl+]",), argument="1", needs="compared",
    ),
    ActionRow(
        "analysis.previous_difference", "&Previous difference",
        "Go to the place before where the two analyses differ", "algorithms.difference", "&Analysis", ("Ctrl+[",),
        argument="-1", needs="compared",
    ),
    ActionRow(
        "analysis.end_comparison", "&End comparison", "Take the other analysis away", "algorithms.clear",
        "&Analysis", ("Ctrl+Shift+E",), needs="compared",
    ),
    ActionRow(
        "analysis.export", "Save findings as &JSON…", "Save the analysis as a JSON document",
        "analysis.export_json",
        "&Analysis", ("Ctrl+Shift+J",), needs="analysis", separator=True,
    ),
)  # fmt: skip

_MODELS = (
    ActionRow(
        "models.train", "&Train a model…", "Train, evaluate and quantize a model step by step", "models.train",
        "M&odels", ("Ctrl+Shift+T",),
    ),
    ActionRow(
        "models.zoo", "&Built-in models…", "What every model that comes with the program is worth, and its limits",
        "models.zoo", "M&odels", ("Ctrl+Shift+M",),
    ),
)  # fmt: skip

_HELP = (
    ActionRow(
        "help.palette",
        "&Command palette…",
        "Find any command by name",
        "help.palette",
        "&Help",
        ("Ctrl+Shift+P",),
        "search",
    ),
    ActionRow("help.shortcuts", "&Keyboard shortcuts", "All keys on one sheet", "help.shortcuts", "&Help", ("?",)),
    ActionRow("help.whats_this", "&What is this?", "Explain a control", "help.whats_this", "&Help", ("F1",)),
    ActionRow("help.log", "Open &log folder", "Where fault reports are kept", "help.log_folder", "&Help"),
    ActionRow(
        "help.about", "&About HeartKit Workbench", "Version and licence", "help.about", "&Help", separator=True
    ),
)

ACTIONS: tuple[ActionRow, ...] = (
    *_FILE, *_LAYOUTS, *_SPEEDS, *_GAINS, *_FILTERS, *_OVERLAYS, *_WINDOW, *_GO, *_MEASURE, *_ANALYSIS, *_MODELS,
    *LIVE_ACTIONS, *_HELP,
)  # fmt: skip

"""Rows of the action table that concern the live view."""

from __future__ import annotations

from heartkit_gui.actions.row import ActionRow

LIVE_ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        "live.show", "&Live view", "Go to the live view, or back to the review", "live.show", "&Live",
        ("Ctrl+L",), "live", checkable=True,
    ),
    ActionRow(
        "live.start_an547", "Stream from a virtual &board",
        "Start a virtual Cortex-M55 with our firmware and watch its stream", "live.start", "&Live",
        ("Ctrl+Shift+V",), "chip", argument="an547",
    ),
    ActionRow(
        "live.start_an386", "Virtual Cortex-M&4", "The firmware on an emulated Cortex-M4F", "live.start",
        "&Live/&Other virtual boards", argument="an386",
    ),
    ActionRow(
        "live.start_host", "&Native process", "The firmware as a program of this computer", "live.start",
        "&Live/&Other virtual boards", argument="host",
    ),
    ActionRow(
        "live.start_simulator", "&Simulator", "The protocol played in Python: needs nothing", "live.start",
        "&Live/&Other virtual boards", argument="simulator",
    ),
    ActionRow(
        "live.look", "Look for &devices", "List the ports of this computer and ask who is there", "live.look",
        "&Live", ("Ctrl+Shift+L",),
    ),
    ActionRow(
        "live.leave", "Disconnec&t", "Let the board go; what was received stays", "live.leave", "&Live",
        ("Ctrl+D",), needs="stream",
    ),
    ActionRow(
        "live.mode_sweep", "&Sweep", "The newest samples overwrite the oldest, behind an empty bar", "live.mode",
        "&Live", ("W",), argument="sweep", checkable=True, group="live_mode", needs="live", scope="live",
        separator=True,
    ),
    ActionRow(
        "live.mode_roll", "&Roll", "The paper rolls, the newest samples on the right", "live.mode", "&Live",
        ("Shift+W",), argument="roll", checkable=True, group="live_mode", needs="live", scope="live",
    ),
    ActionRow(
        "live.freeze", "&Freeze", "Stop the picture and look back over the last hour; streaming goes on",
        "live.freeze", "&Live", ("Space",), "freeze", checkable=True, needs="live", scope="live",
    ),
    ActionRow(
        "live.mark", "&Mark event", "Mark the present moment, also in the recording", "live.mark", "&Live",
        ("Ctrl+E",), "mark", needs="samples",
    ),
    ActionRow(
        "live.record", "Re&cord", "Record what comes, until chosen again", "live.record", "&Live",
        ("Ctrl+Shift+R",), "rec", checkable=True, needs="samples",
    ),
)  # fmt: skip

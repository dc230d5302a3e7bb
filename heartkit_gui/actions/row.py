"""One row of the action table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["window", "trace", "canvas", "live"]
Need = Literal[
    "", "record", "analysis", "busy", "still", "recent", "compared", "trace", "live", "stream", "samples"
]


@dataclass(frozen=True, slots=True)
class ActionRow:
    """Everything known about one thing the user can do.

    `handler` is "group.method" of the command objects; the method takes `argument` when it is not empty, and the
    new checked state when the row is `checkable` and in no `group`. `needs` names the state without which the
    action is greyed out.

    Keys of scope "window" work anywhere in the window, those of scope "trace" while the trace has the keyboard
    focus, those of scope "live" while the live trace has it. Keys of scope "canvas" are the trace's own business,
    because they also move calipers: the trace handles them itself, and the row only writes them down.
    """

    id: str
    text: str  # with "&" before the mnemonic
    tip: str
    handler: str
    menu: str  # "View/Layout"; "" for none
    keys: tuple[str, ...] = ()
    icon: str = ""
    argument: str = ""
    checkable: bool = False
    group: str = ""  # rows of one group exclude each other
    needs: Need = ""
    scope: Scope = "window"
    separator: bool = False  # a line above it in its menu

    @property
    def label(self) -> str:
        """Text without the mnemonic mark."""
        return self.text.replace("&&", "\0").replace("&", "").replace("\0", "&")

    @property
    def title(self) -> str:
        """Text with the submenu that gives it meaning, for the palette and lists: "Layout: 6 × 2"."""
        _, _, submenu = self.menu.replace("&", "").partition("/")
        return f"{submenu}: {self.label}" if submenu else self.label

"""What this program is, what it is not, and under which licences it stands."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from heartkit_gui.theme.icons import tinted_pixmap
from heartkit_gui.widgets.dialogs import name_buttons
from heartkit_gui.widgets.labels import role_label

STATEMENT = (
    "For research and engineering; not a medical device. It has not been cleared by any authority, and nothing it "
    "shows may be used to diagnose or treat a person."
)
LICENCES = (
    "HeartKit Workbench is free software under the BSD 3-Clause licence. Qt for Python is used under the LGPL 3.0; "
    "the typeface Inter under the SIL Open Font License 1.1; recordings and methods are credited in NOTICE."
)


def program_version() -> str:
    """Version of the installed distribution, "development" from bare source."""
    try:
        return version("heartkit-workbench")
    except PackageNotFoundError:
        return "development"


class AboutDialog(QDialog):
    """Version, statement, licences."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About HeartKit Workbench")
        self.setAccessibleName("About HeartKit Workbench")
        mark = QLabel()
        mark.setPixmap(tinted_pixmap("app", "#000000", 56, 2.0))
        words = QVBoxLayout()
        words.setSpacing(8)
        words.addWidget(role_label("title", "HeartKit Workbench"))
        facts = f"Version {program_version()} · Qt {qVersion()} · Python {platform.python_version()}"
        words.addWidget(role_label("muted", facts, selectable=True))
        words.addSpacing(4)
        words.addWidget(role_label("statement", STATEMENT, wrap=True))
        words.addWidget(role_label("muted", LICENCES, wrap=True))
        top = QHBoxLayout()
        top.setSpacing(20)
        top.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        name_buttons(buttons)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 16)
        layout.setSpacing(18)
        layout.addLayout(top)
        layout.addWidget(buttons)
        self.setFixedWidth(540)

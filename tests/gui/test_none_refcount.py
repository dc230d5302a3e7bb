"""PySide6 6.12.0 on CPython 3.10 and 3.11 drops a reference to None in every void call until Python aborts.

The locked versions must not: a fresh interpreter counts, so that nothing else in the test run disturbs the figure.
"""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from PySide6.QtGui import QImage, QPainter, QPen
image = QImage(8, 8, QImage.Format.Format_RGB32)
painter = QPainter(image)
pen = QPen()
painter.setPen(pen)
before = sys.getrefcount(None)
for _ in range(2000):
    painter.setPen(pen)
drift = sys.getrefcount(None) - before
painter.end()
print(drift)
"""


def test_two_thousand_void_calls_leave_the_count_of_none_alone():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert abs(int(done.stdout)) < 50

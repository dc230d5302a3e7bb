"""Draw the pictures of the documentation again: `python docs/make_figures.py` writes docs/images/*.png."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
SAMPLES = DOCS.parent / "resources" / "samples"
FIGURES = {
    "main_window.png": ("paper", SAMPLES / "mitdb_208" / "208x.hea"),
    "twelve_lead.png": ("paper", SAMPLES / "dicom_12lead" / "waveform_ecg.dcm"),
    "dark.png": ("dark", SAMPLES / "dicom_12lead" / "waveform_ecg.dcm"),
}


def main() -> int:
    """Exit code: that of the first picture that could not be drawn, else 0."""
    (DOCS / "images").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:  # settings and layout of nobody
        folders = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"), home)
        environment = {**os.environ, **folders, "QT_QPA_PLATFORM": "offscreen"}
        for name, (theme, record) in FIGURES.items():
            picture = str(DOCS / "images" / name)
            command = [sys.executable, "-m", "heartkit_gui", "--snapshot", picture, "--size", "1600x950"]
            code = subprocess.call([*command, "--theme", theme, str(record)], env=environment, cwd=DOCS.parent)
            if code:
                return code
        scenes = [sys.executable, str(DOCS / "figure_scenes.py"), str(DOCS / "images")]
        return subprocess.call(scenes, env=environment, cwd=DOCS.parent)


if __name__ == "__main__":
    sys.exit(main())

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

from engine.resources import resource_path
from heartkit_gui import __main__ as program
from heartkit_gui.app import has_display
from heartkit_gui.theme.tokens import DARK, PAPER

SHEET = resource_path("samples", "dicom_12lead", "waveform_ecg.dcm")


def run(arguments: list[str], home: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(home),
        "XDG_CACHE_HOME": str(home),
        "XDG_STATE_HOME": str(home),
    }
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        environment.pop(name, None)
    environment.update(changes)
    command = [sys.executable, "-m", "heartkit_gui", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize(("theme", "colours"), [("paper", PAPER), ("dark", DARK)])
def test_a_snapshot_shows_the_analysed_record_in_its_theme(tmp_path: Path, theme: str, colours: object) -> None:
    target = tmp_path / "picture.png"
    done = run([str(SHEET), "--snapshot", str(target), "--size", "1280x800", "--theme", theme], tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    image = QImage(str(target))
    assert (image.width(), image.height()) == (1280, 800)
    seen = {image.pixelColor(x, y).name().upper() for x in range(250, 900, 2) for y in range(130, 640, 3)}
    assert colours.trace in seen  # type: ignore[attr-defined]
    assert colours.grid_major in seen  # type: ignore[attr-defined]
    assert image.pixelColor(640, 20) == QColor(colours.window)  # type: ignore[attr-defined]
    labels = {QColor(colours.beats["N"]).name(), QColor(colours.segment_text["QRS"]).name()}  # type: ignore[attr-defined]
    everywhere = {image.pixelColor(x, y).name() for x in range(250, 900) for y in range(130, 640, 2)}
    assert labels <= everywhere, "beats and waves are not marked"


def test_a_snapshot_of_a_virtual_board_shows_its_stream(tmp_path: Path) -> None:
    target = tmp_path / "live.png"
    arguments = ["--live", "simulator", "--snapshot", str(target), "--size", "1280x800", "--theme", "dark"]
    done = run(arguments, tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    image = QImage(str(target))
    seen = {image.pixelColor(x, y).name().upper() for x in range(60, 900, 2) for y in range(130, 640, 2)}
    assert DARK.trace in seen


def test_bad_input_is_one_sentence_and_exit_2(tmp_path: Path) -> None:
    bad = tmp_path / "torn.edf"
    bad.write_bytes(b"0       ")
    done = run([str(bad), "--snapshot", str(tmp_path / "x.png")], tmp_path)
    assert done.returncode == 2
    assert "torn.edf" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "x.png").exists()


def test_a_picture_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    done = run([str(SHEET), "--snapshot", str(tmp_path / "no" / "x.png")], tmp_path)
    assert done.returncode == 2
    assert "x.png" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_closes_the_window_and_ends_the_child(tmp_path: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path)}
    environment |= {"XDG_CACHE_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-m", "heartkit_gui"], env=environment, stderr=subprocess.PIPE)
    settings = tmp_path / "heartkit-workbench" / "settings.json"
    end = time.monotonic() + 60
    while not settings.exists() and time.monotonic() < end:  # written when the record is open
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (3, b"")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other platforms always have a display")
def test_without_display_there_is_a_sentence_and_no_abort(tmp_path: Path) -> None:
    done = run([], tmp_path)
    assert done.returncode == 2
    assert "no display" in done.stderr
    assert "--snapshot" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["--size", "big"], ["--theme", "pink"], ["--size", "99999x99999"], ["a", "b"]]
)
def test_wrong_usage_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(arguments) == 2
    assert "usage: heartkit-gui" in capsys.readouterr().err


def test_help_says_what_it_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--help"]) == 0
    assert "not a medical device" in capsys.readouterr().out


def test_a_display_is_found_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not has_display()
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert has_display()
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    assert not has_display()
    monkeypatch.setenv("DISPLAY", ":0")
    assert has_display()


def test_nothing_heavy_is_imported_before_the_first_paint(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from heartkit_gui.app import make_application, make_window\n"
        "from heartkit_gui.context import Folders\n"
        "from PySide6.QtCore import QEventLoop, QTimer\n"
        f"app = make_application(['x']); window = make_window(Folders.inside(Path({str(tmp_path)!r})))\n"
        "window.context.settings.update(analyse_on_open=False)\n"
        "window.show(); loop = QEventLoop(); window.context.document.record_changed.connect(loop.quit)\n"
        "window.open_sample('mitdb'); loop.exec(); window.grab()\n"
        "heavy = ('scipy', 'pyqtgraph', 'wfdb', 'edfio', 'pydicom', 'h5py', 'physiokit', 'tensorflow', 'keras',"
        " 'PySide6.QtNetwork', 'matplotlib', 'pandas')\n"
        "print([name for name in heavy if name in sys.modules]); window.close()\n"
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr

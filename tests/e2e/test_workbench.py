"""The set-up script: what it decides and what it says, without installing anything."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def workbench(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("workbench", ROOT / "workbench.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "workbench", module)
    spec.loader.exec_module(module)
    for name, path in {"VENV": ".venv", "LOG": ".venv/setup.log", "STAMP": ".venv/setup.stamp"}.items():
        monkeypatch.setattr(module, name, tmp_path / path)
    return module


def make_environment(workbench, variant):
    python = workbench.venv_python()
    python.parent.mkdir(parents=True)
    python.touch()
    workbench.STAMP.write_text(workbench._stamp(variant))


def test_an_environment_is_current_for_its_own_set_and_for_smaller_ones(workbench):
    make_environment(workbench, workbench.FULL)
    assert workbench._is_current(workbench.LIGHT)
    assert workbench._is_current(workbench.FULL)
    assert not workbench._is_current(workbench.TEST)


def test_a_changed_lock_makes_the_environment_stale(workbench, tmp_path, monkeypatch):
    make_environment(workbench, workbench.LIGHT)
    for variant in (workbench.LIGHT, workbench.FULL, workbench.TEST):
        (tmp_path / variant.lock).write_text("numpy==0")
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(workbench, "ROOT", tmp_path)
    assert not workbench._is_current(workbench.LIGHT)


def test_an_interrupted_set_up_is_not_taken_for_a_finished_one(workbench):
    make_environment(workbench, workbench.FULL)
    workbench.STAMP.unlink()
    assert not workbench._is_current(workbench.LIGHT)


def test_without_rights_the_exact_command_is_said(workbench, monkeypatch):
    monkeypatch.setattr(workbench, "missing_libraries", lambda screen: ["libegl1", "libgl1"])
    monkeypatch.setattr(workbench, "_administrator", lambda: None)
    monkeypatch.setattr(workbench.shutil, "which", lambda name: "/usr/bin/" + name)
    with pytest.raises(
        workbench.SetupError, match="sudo apt-get install -y --no-install-recommends libegl1 libgl1"
    ):
        workbench.install_libraries(screen=False)


def test_on_another_linux_the_packages_are_named(workbench, monkeypatch):
    monkeypatch.setattr(workbench, "missing_libraries", lambda screen: ["libegl1"])
    monkeypatch.setattr(workbench.shutil, "which", lambda name: None)
    with pytest.raises(workbench.SetupError, match=r"system's packages of: libegl1$"):
        workbench.install_libraries(screen=False)


def test_a_library_that_does_not_load_names_its_package(workbench, monkeypatch):
    monkeypatch.setattr(workbench.sys, "platform", "linux")
    monkeypatch.setattr(workbench, "_loads", lambda library: library != "libxcb-cursor.so.0")
    assert workbench.missing_libraries(screen=True) == ["libxcb-cursor0"]
    assert workbench.missing_libraries(screen=False) == []


def test_an_unsupported_python_is_refused_in_one_sentence(workbench, monkeypatch):
    monkeypatch.setattr(workbench.sys, "version_info", (3, 10, 13))
    monkeypatch.setattr(workbench.shutil, "which", lambda name: None)
    with pytest.raises(workbench.SetupError, match=r"This is Python 3\.10; HeartKit Workbench needs Python 3.11"):
        workbench.use_supported_python()


def test_without_a_display_the_window_is_drawn_into_a_picture(workbench, monkeypatch, capsys):
    commands = []
    monkeypatch.setattr(workbench, "has_display", lambda: False)
    monkeypatch.setattr(workbench, "run", lambda command, **env: commands.append((command, env)) or 0)
    assert workbench.open_application(workbench.parse([])) == 0
    command, environment = commands[0]
    assert command[1:4] == ["-m", "heartkit_gui", "--snapshot"]
    assert environment == {"QT_QPA_PLATFORM": "offscreen"}
    said = capsys.readouterr().out
    assert "has no display" in said
    assert command[4] in said


def test_unknown_options_are_refused():
    done = subprocess.run(
        [sys.executable, str(ROOT / "workbench.py"), "--lihgt"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "unknown argument: --lihgt" in done.stderr


def test_the_locks_hold_every_declared_package_and_exclude_the_faulty_qt():
    for lock in ("requirements.lock", "requirements-train.lock", "requirements-dev.lock"):
        pins = dict(
            line.split(" ")[0].split("==") for line in (ROOT / lock).read_text().splitlines() if line[:1].isalnum()
        )
        version = tuple(int(part) for part in pins["pyside6-essentials"].split("."))
        assert version >= (6, 9) and version < (6, 12) and version not in {(6, 11, 0), (6, 11, 1)}
        assert ("tensorflow-cpu" in pins) == (lock != "requirements.lock")
        assert ("pytest" in pins) == (lock == "requirements-dev.lock")

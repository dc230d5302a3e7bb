#!/usr/bin/env python3
"""Set up and start HeartKit Workbench on a machine that has nothing but Python 3.11-3.13.

usage: python3 workbench.py [RECORD]                       set up if needed, open the application
       python3 workbench.py --snapshot FILE.png [RECORD]   draw its main window offscreen into a picture
       python3 workbench.py setup                          only set up (environment in .venv)
       python3 workbench.py test [PYTEST ARGUMENTS]        set up and run every check and test

options: --light      leave out the training packages (TensorFlow)
         --theme T    paper or dark

The packages come from PyPI in the versions, and with the checksums, of the requirements*.lock files.
Standard library only.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOG = VENV / "setup.log"
STAMP = VENV / "setup.stamp"
SUPPORTED = ((3, 11), (3, 12), (3, 13))
UV = "uv==0.13.8"

# Shared libraries Qt loads on Linux -> Debian/Ubuntu package.
QT_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
}
SCREEN_LIBRARIES = {
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}


class SetupError(Exception):
    """Set-up cannot go on; the text says why and what to do."""


@dataclass(frozen=True)
class Variant:
    """Which of the locked package sets the environment holds."""

    name: str
    lock: str


LIGHT = Variant("light", "requirements.lock")
FULL = Variant("full", "requirements-train.lock")
TEST = Variant("test", "requirements-dev.lock")
INCLUDES = {"light": ("light", "full", "test"), "full": ("full", "test"), "test": ("test",)}


class Progress:
    """One line per step: its number, what it does and how long it has taken."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.step = 0
        self.live = sys.stdout.isatty()

    def run(self, what: str, command: list[str]) -> None:
        """Run a command as the next step, its output going to the log; SetupError if it fails."""
        self.step += 1
        label = f"[{self.step}/{self.steps}] {what}"
        began = time.monotonic()
        done = threading.Event()
        if self.live:
            threading.Thread(target=self._spin, args=(label, began, done), daemon=True).start()
        else:
            print(label, "...", flush=True)
        try:
            code = self._run(command)
        finally:
            done.set()
        seconds = time.monotonic() - began
        if code:
            raise SetupError(f"{what} failed after {seconds:.0f} s.\n{_log_tail()}\nThe whole log is in {LOG}.")
        print(f"{chr(13) if self.live else ''}{label}: done in {seconds:.0f} s   ", flush=True)

    @staticmethod
    def _run(command: list[str]) -> int:
        # Bytecode is compiled at installation, so that the first start is as quick as the later ones.
        env = {k: v for k, v in os.environ.items() if k not in {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}}
        with LOG.open("ab") as log:
            log.write(f"$ {' '.join(command)}\n".encode())
            log.flush()
            return subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=env
            ).returncode

    @staticmethod
    def _spin(label: str, began: float, done: threading.Event) -> None:
        for mark in itertools.cycle("|/-\\"):
            if done.wait(0.2):
                return
            print(f"\r{label} {mark} {time.monotonic() - began:.0f} s ", end="", flush=True)


def _log_tail(lines: int = 12) -> str:
    try:
        return "\n".join(LOG.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def use_supported_python() -> None:
    """Restart under a Python this program runs on, if the present one is not."""
    if sys.version_info[:2] in SUPPORTED:
        return
    for major, minor in reversed(SUPPORTED):
        other = shutil.which(f"python{major}.{minor}")
        if other:
            code = subprocess.call([other, str(ROOT / "workbench.py"), *sys.argv[1:]])
            raise SystemExit(code)
    found = ".".join(map(str, sys.version_info[:2]))
    raise SetupError(
        f"This is Python {found}; HeartKit Workbench needs Python 3.11, 3.12 or 3.13: install one of these."
    )


def venv_python() -> Path:
    """The environment's interpreter."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def set_up(variant: Variant) -> None:
    """Make `.venv` hold the locked packages of the variant; quick when it already does."""
    if _is_current(variant):
        return
    progress = Progress(4)
    VENV.mkdir(exist_ok=True)
    LOG.write_text("")
    STAMP.unlink(missing_ok=True)
    _make_environment(progress)
    python = str(venv_python())
    progress.run("Fetching the installer", [python, "-m", "pip", "install", "--quiet", UV])
    uv = [python, "-m", "uv", "pip"]
    lock = ROOT / variant.lock
    packages = sum(1 for line in lock.read_text().splitlines() if line[:1].isalnum())
    install = [*uv, "install", "--compile-bytecode", "--require-hashes", "--python", python, "-r", str(lock)]
    progress.run(f"Installing up to {packages} packages ({variant.name})", install)
    own = [*uv, "install", "--no-deps", "--no-build-isolation", "--python", python, "-e", str(ROOT)]
    progress.run("Installing HeartKit Workbench", own)
    STAMP.write_text(_stamp(variant))


def _make_environment(progress: Progress) -> None:
    if _answers(venv_python(), "import pip"):
        progress.step += 1
        return
    if not _answers(Path(sys.executable), "import ensurepip, venv"):
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        install_packages([package], "Python's module for environments")
    for leftover in VENV.iterdir():
        if leftover.is_dir():
            shutil.rmtree(leftover)
    progress.run("Making the environment in .venv", [sys.executable, "-m", "venv", str(VENV)])


def _answers(python: Path, code: str) -> bool:
    """Whether an interpreter is there and runs the code."""
    try:
        return subprocess.run([str(python), "-c", code], capture_output=True).returncode == 0
    except OSError:
        return False


def _stamp(variant: Variant) -> str:
    parts = [(ROOT / variant.lock).read_bytes(), (ROOT / "pyproject.toml").read_bytes()]
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()
    return f"{variant.name} {sys.version_info.major}.{sys.version_info.minor} {digest} {ROOT}"


def _is_current(variant: Variant) -> bool:
    if not (venv_python().exists() and STAMP.exists()):
        return False
    have = STAMP.read_text()
    richer = [v for v in (LIGHT, FULL, TEST) if v.name in INCLUDES[variant.name]]
    return any(have == _stamp(v) for v in richer)


def missing_libraries(screen: bool) -> list[str]:
    """Debian packages of the system libraries that Qt would not find."""
    if not sys.platform.startswith("linux"):
        return []
    wanted = {**QT_LIBRARIES, **(SCREEN_LIBRARIES if screen else {})}
    return [package for library, package in wanted.items() if not _loads(library)]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def install_libraries(screen: bool) -> None:
    """Install what Qt needs on Debian and Ubuntu, or say the exact command."""
    packages = missing_libraries(screen)
    if packages:
        install_packages(packages, "system libraries for Qt")


def install_packages(packages: list[str], what: str) -> None:
    """Install Debian or Ubuntu packages if that is allowed without asking; SetupError with the command if not."""
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise SetupError(f"This needs {what}; install your system's packages of: {names}")
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    rights = _administrator()
    if rights is None:
        raise SetupError(f"This needs {what}. Run this once, then start again:\n  sudo {' '.join(install)}")
    print(f"Installing {what}: {names}", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    VENV.mkdir(exist_ok=True)
    with LOG.open("ab") as log:
        subprocess.run([*rights, "apt-get", "update"], stdout=log, stderr=log, env=env)
        failed = subprocess.run([*rights, *install], stdout=log, stderr=log, env=env).returncode
    if failed:
        raise SetupError(f"{_log_tail()}\nThe packages could not be installed. Try: sudo {' '.join(install)}")


def _administrator() -> list[str] | None:
    """Command prefix that gives the rights to install packages without asking, or None."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return []
    if shutil.which("sudo") and not subprocess.call(
        ["sudo", "-n", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ):
        return ["sudo", "-n"]
    return None


def has_display() -> bool:
    """Whether a window can be shown."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def run(command: list[str], **environment: str) -> int:
    """Run a command of the environment in this terminal; its exit code."""
    return subprocess.call(
        command, cwd=ROOT if environment.pop("AT_ROOT", "") else None, env=os.environ | environment
    )


def open_application(arguments: argparse.Namespace) -> int:
    """Show the window, or draw it into a picture."""
    gui = [str(venv_python()), "-m", "heartkit_gui"]
    if arguments.theme:
        gui += ["--theme", arguments.theme]
    record = [str(Path(arguments.record).absolute())] if arguments.record else []
    snapshot = arguments.snapshot
    if snapshot is None and not has_display():
        snapshot = "heartkit-workbench.png"
        print("This terminal has no display, so the window is drawn into a picture.")
    if snapshot is None:
        return run([*gui, *record])
    picture = Path(snapshot).absolute()
    code = run([*gui, "--snapshot", str(picture), *record], QT_QPA_PLATFORM="offscreen")
    if code == 0:
        print(f"The main window was drawn into {picture}")
    return code


def run_tests(pytest_arguments: list[str]) -> int:
    """House rules, then the test suite; with arguments only pytest with these."""
    python = str(venv_python())
    tests = [python, "-m", "pytest", *pytest_arguments]
    checks = [
        [python, "-m", "ruff", "check", "."],
        [python, "-m", "ruff", "format", "--check", "."],
        [str(venv_python().with_name("lint-imports"))],
        [python, "-m", "mypy"],
    ]
    failed = 0
    for command in [tests] if pytest_arguments else [*checks, tests]:
        print("$", " ".join(Path(c).name if c == command[0] else c for c in command), flush=True)
        failed += bool(run(command, AT_ROOT="1", QT_QPA_PLATFORM=os.environ.get("QT_QPA_PLATFORM", "offscreen")))
    return 1 if failed else 0


def parse(argv: list[str]) -> argparse.Namespace:
    """Options as documented above."""
    parser = argparse.ArgumentParser(
        prog="workbench.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s [options] [setup | test | RECORD]",
    )
    parser.add_argument("--light", action="store_true", help="leave out the training packages")
    parser.add_argument("--snapshot", metavar="FILE.png", help="draw the window into a picture and end")
    parser.add_argument("--theme", choices=["paper", "dark"])
    parser.add_argument("record", nargs="?", help="recording to open, or 'setup', or 'test'")
    arguments, rest = parser.parse_known_args(argv)
    arguments.rest = rest
    if rest and arguments.record != "test":
        parser.error(f"unknown argument: {' '.join(rest)}")
    return arguments


def main(argv: list[str]) -> int:
    """Do what the command line asks; the exit code."""
    use_supported_python()
    if argv[:1] == ["test"]:
        set_up(TEST)
        install_libraries(screen=False)
        return run_tests(argv[1:])
    arguments = parse(argv)
    set_up(LIGHT if arguments.light else FULL)
    install_libraries(screen=has_display() and arguments.snapshot is None)
    if arguments.record == "setup":
        print(f"Ready: {venv_python()}")
        return 0
    return open_application(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SetupError as problem:
        print(f"\n{problem}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on.", file=sys.stderr)
        sys.exit(3)

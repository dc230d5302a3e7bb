"""Recordings in .mat, HDF5, .npy and .npz files: arrays without a fixed layout, whose parts are told by name.

The signal is the array called val, ecg, signal, ... or else the largest; the rate the number called fs,
sampling_rate, ..., or what an array of times amounts to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import RecordError
from engine.records.calibration import calibrate
from engine.records.hints import Guess, NeedsHints, TextHints
from engine.records.leads import is_known_lead
from engine.records.limits import MAX_ARRAY_BYTES, MAX_SIGNALS, rate_fault
from engine.records.record import F32, ArrayRecord, Record, RecordInfo
from engine.records.sampling import USUAL_RATES_HZ, sampling_of, usual_unit
from engine.records.sniff import Kind

Value = NDArray[np.generic] | str | list[str]

_LEAST_SAMPLES = 16
_FORMATS: dict[str, str] = {"mat4": "MAT 4", "mat5": "MAT 5", "hdf5": "HDF5", "npy": "NPY", "zip": "NPZ"}
_SIGNAL_NAMES = (
    "p_signal", "d_signal", "val", "ecg", "ecgs", "ekg", "ecg_signal", "ecgsig", "ecg_data", "signal", "signals",
    "sig", "data", "waveform", "waveforms", "tracings", "samples", "values", "record", "raw", "x", "y",
)  # fmt: skip
_RATE_NAMES = frozenset([
    "fs", "sfreq", "srate", "sr", "rate", "freq", "frequency", "samplingrate", "samplingfrequency", "samplingfreq",
    "samplerate", "samplefreq", "samplefrequency", "fsample", "fsamp", "hz", "fshz", "sampfreq", "ecgfs", "fsecg",
])  # fmt: skip
_INTERVAL_NAMES = frozenset(["dt", "ts", "isi", "samplinginterval", "sampleinterval", "samplingperiod"])
_TIME_NAMES = frozenset(["t", "time", "times", "timer", "timestamp", "timestamps", "tm", "seconds", "sec", "ms"])
_LEAD_LIST_NAMES = frozenset([
    "signame", "signames", "leadnames", "leadname", "leads", "channels", "channelnames", "labels", "chnames",
    "channellabels", "names", "ch",
])  # fmt: skip


def open_arrays(path: str | Path, kind: Kind, hints: TextHints | None = None) -> Record:
    """Open the recording in a file of arrays; NeedsHints where no sampling rate is found.

    Two-dimensional arrays are taken with the longer axis as time. Samples are brought to mV by the hints, by the
    units, gain and baseline in the file, or, with a notice, by their size.
    """
    path = Path(path)
    hints = hints or TextHints()
    try:
        return _open(path, kind, hints)
    except NeedsHints as question:
        raise NeedsHints(question.fault, path=path, hint=question.hint, guess=question.guess) from None
    except RecordError as error:
        raise RecordError(error.fault, path=path, hint=error.hint) from error
    except OSError as error:
        raise RecordError(f"cannot be read: {(error.strerror or str(error)).lower()}", path=path) from error


def _load(path: Path, kind: Kind) -> Mapping[str, Value]:
    size = path.stat().st_size
    if size > MAX_ARRAY_BYTES:
        raise RecordError(f"is larger than the {MAX_ARRAY_BYTES >> 30} GiB that can be read")
    if kind == "hdf5":
        from engine.records.hdf5_arrays import read_hdf5

        return read_hdf5(path)
    if kind in ("mat4", "mat5"):
        from engine.records.mat_binary import read_mat4, read_mat5

        return read_mat4(path.read_bytes()) if kind == "mat4" else read_mat5(path.read_bytes())
    from engine.records.numpy_arrays import read_npy, read_npz

    with path.open("rb") as file:
        return read_npy(file, size) if kind == "npy" else read_npz(file)


def _open(path: Path, kind: Kind, hints: TextHints) -> Record:
    variables = _load(path, kind)
    arrays = {name: found for name, x in variables.items() if (found := _as_table(x)) is not None}
    if not arrays:
        raise RecordError("holds no array that could be a signal")
    times = next(
        (n for n, a in arrays.items() if _plain(n) in _TIME_NAMES and len(a) == 1 and np.all(np.diff(a[0]) >= 0)),
        None,
    )
    name, values, names = _signal({n: a for n, a in arrays.items() if n != times} or arrays, hints)
    scope = name.rpartition(".")[0]
    notices: list[str] = []
    rate = hints.rate_hz or _rate(variables, scope)
    if rate is None and times is not None and arrays[times].shape[1] == values.shape[1]:
        rate = _rate_of_times(arrays[times][0].astype(np.float64), times)
    if rate is None:
        candidates = (name, *(n for n in arrays if n not in (name, times)))
        guess = Guess(columns=tuple(arrays), signals=candidates, rates_hz=USUAL_RATES_HZ)
        raise NeedsHints("does not say its sampling rate", hint="give the rate in Hz", guess=guess)
    if fault := rate_fault(float(rate)):
        raise RecordError(fault)
    names = names or _lead_names(variables, len(values))
    others = [
        n for n, a in arrays.items() if n not in (name, times) and n not in names and a.shape[1] >= values.shape[1]
    ]
    if others and hints.variable is None:
        notices.append(f"Array {name} is shown; {', '.join(others[:4])} would be possible too.")
    samples = np.array(values, np.float32)
    units = _units(variables, len(values))
    if _apply_gain(samples, values, variables):
        units = [unit or "mV" for unit in units]
    leads, more = calibrate(samples, names, units, hints)
    info = RecordInfo(
        name=path.stem,
        path=path,
        format="MAT 7.3" if kind == "hdf5" and path.suffix.lower() == ".mat" else _FORMATS[kind],
        fs=float(rate),
        n_samples=samples.shape[1],
        leads=leads,
        notices=(*notices, *more),
    )
    return ArrayRecord(info, samples)


def _plain(name: str) -> str:
    """Last part of a name, in lower case, letters only: "rec.Sampling_Rate" -> "samplingrate"."""
    return re.sub(r"[^a-z]", "", name.rpartition(".")[2].lower())


def _as_table(value: Value) -> NDArray[np.generic] | None:
    """An array as [leads, n], or None if it is none or cannot be one; the longer axis is time."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf" or value.ndim == 0:
        return None
    value = value.reshape([n for n in value.shape if n != 1] or [1])
    if value.ndim == 1:
        value = value[None]
    if value.ndim != 2 or 0 in value.shape:
        return None
    table = value if value.shape[0] < value.shape[1] else value.T
    return table if table.shape[0] <= MAX_SIGNALS and table.shape[1] >= _LEAST_SAMPLES else None


def _signal(
    arrays: Mapping[str, NDArray[np.generic]], hints: TextHints
) -> tuple[str, NDArray[np.generic], list[str]]:
    """Name and samples of the signal; names of its leads where each is a variable of its own."""
    if hints.variable is not None:
        if hints.variable not in arrays:
            raise RecordError(f"has no array {hints.variable!r}", hint=f"it has {', '.join(arrays)}")
        return hints.variable, arrays[hints.variable], []
    leads = [n for n, a in arrays.items() if len(a) == 1 and is_known_lead(n.rpartition(".")[2])]
    if len(leads) > 1 and len({arrays[n].shape for n in leads}) == 1:
        return leads[0], np.concatenate([arrays[n] for n in leads]), leads
    ranks = {n: i for i, n in enumerate(_SIGNAL_NAMES)}

    def order(name: str) -> tuple[int, int]:
        return ranks.get(name.rpartition(".")[2].lower(), len(ranks)), -arrays[name].size

    best = min(arrays, key=order)
    return best, arrays[best], []


def _number(value: Value) -> float | None:
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "iuf":
        return float(value.reshape(-1)[0])
    return None


def _rate(variables: Mapping[str, Value], scope: str) -> float | None:
    """The sampling rate that a variable states, one beside the signal before others."""
    for name in sorted(variables, key=lambda n: n.rpartition(".")[0] != scope):
        number = _number(variables[name])
        if number is None or not np.isfinite(number) or number <= 0:
            continue
        if _plain(name) in _RATE_NAMES:
            return number
        if _plain(name) in _INTERVAL_NAMES:
            unit = variables.get(f"{name}_units", "")
            return 1 / number * (1000 if unit == "ms" or (not unit and number >= 0.5) else 1)
    return None


def _rate_of_times(times: NDArray[np.float64], name: str) -> float | None:
    unit_s = usual_unit(times)
    if unit_s is None:
        return None
    try:
        sampling = sampling_of(times * unit_s)
    except ValueError as error:
        raise RecordError(f"has times in {name} that cannot be used: {error}") from error
    if len(sampling.rows) > 1:
        raise RecordError(f"has times in {name} that jump", hint="give the rate to do without them")
    return sampling.fs


def _texts(value: Value) -> list[str]:
    if isinstance(value, str):
        return [part for part in re.split(r"[,;\s]+", value) if part]
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "US":
            return []
        return [
            x.decode("utf-8", "replace") if isinstance(x, bytes) else str(x)
            for x in value.reshape(-1)[:MAX_SIGNALS]
        ]
    return value


def _lead_names(variables: Mapping[str, Value], n: int) -> list[str]:
    for name, value in variables.items():
        if _plain(name) in _LEAD_LIST_NAMES and len(texts := _texts(value)) == n:
            return [text.strip() for text in texts]
    return ["ECG"] if n == 1 else [f"signal {i + 1}" for i in range(n)]


def _units(variables: Mapping[str, Value], n: int) -> list[str]:
    for name, value in variables.items():
        if _plain(name) in ("units", "unit", "siggunits", "signalunits") and (texts := _texts(value)):
            if len(texts) == n:
                return texts
            if len(set(texts)) == 1:
                return texts[:1] * n
    return [""] * n


def _apply_gain(samples: F32, stored: NDArray[np.generic], variables: Mapping[str, Value]) -> bool:
    """Calibrate stored integers by a gain (and baseline) in the file; False where there is none to apply."""
    if stored.dtype.kind not in "iu":
        return False
    gain = _per_lead(variables, ("gain", "adcgain", "gains"), len(samples))
    if gain is None or not np.all(np.isfinite(gain)) or np.any(gain == 0):
        return False
    zero = _per_lead(variables, ("baseline", "adczero"), len(samples))
    samples[:] = (stored.astype(np.float64) - (0.0 if zero is None else zero[:, None])) / gain[:, None]
    return True


def _per_lead(variables: Mapping[str, Value], names: Sequence[str], n: int) -> NDArray[np.float64] | None:
    for name, value in variables.items():
        if (
            _plain(name) in names
            and isinstance(value, np.ndarray)
            and value.dtype.kind in "iuf"
            and value.size in (1, n)
        ):
            return np.broadcast_to(value.reshape(-1).astype(np.float64), n)
    return None

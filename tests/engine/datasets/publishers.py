"""Writes tiny databases in their publishers' layouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.records import Annotations, write_wfdb_annotations

Marks = Sequence[tuple[int, str, str]]  # sample, symbol, text

LUDB_COLUMNS = (
    "ID,Sex,Age,Rhythms,Electric axis of the heart,Conduction abnormalities,Extrasystolies,Hypertrophies,"
    "Cardiac pacing,Ischemia,Non-specific repolarization abnormalities,Other states"
)
CONDITIONS = (
    "Acronym Name,Full Name,Snomed_CT\nSB,Sinus Bradycardia,426177001\nAFIB,Atrial Fibrillation,164889003\n"
)


def wfdb(
    folder: Path,
    name: str,
    leads: Sequence[str],
    rate_hz: float,
    n: int = 1000,
    *,
    suffix: str = "dat",
    comments: Sequence[str] = (),
    marks: Mapping[str, Marks] | None = None,
) -> None:
    """A record of format 16 at 1000/mV whose sample k of lead i is (k + 100 i) uV, and its annotation files."""
    folder.mkdir(parents=True, exist_ok=True)
    values = (np.arange(n)[:, None] + 100 * np.arange(len(leads))).astype("<i2")
    (folder / f"{name}.{suffix}").write_bytes(values.tobytes())
    lines = [f"{name} {len(leads)} {rate_hz:g} {n}"]
    lines += [f"{name}.{suffix} 16 1000/mV 16 0 {100 * i} 0 0 {lead}" for i, lead in enumerate(leads)]
    lines += [f"#{comment}" for comment in comments]
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n")
    for annotator, entries in (marks or {}).items():
        found = Annotations(
            sample=np.array([m[0] for m in entries]),
            symbol=tuple(m[1] for m in entries),
            aux=tuple(m[2] for m in entries),
            fs=rate_hz,
            name=annotator,
        )
        write_wfdb_annotations(found, folder, name)


def waves(*peaks: tuple[str, int]) -> list[tuple[int, str, str]]:
    """Each wave with an onset 10 samples before and an offset 12 after its peak."""
    return [m for symbol, at in peaks for m in ((at - 10, "(", ""), (at, symbol, ""), (at + 12, ")", ""))]


def ludb(folder: Path, rhythms: Sequence[str]) -> Path:
    """Records 1..n with leads i and ii; lead ii has no P wave."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f'{k},"M\n","51\n",{rhythm},,,,,,,,' for k, rhythm in enumerate(rhythms, start=1)]
    (folder / "ludb.csv").write_text(LUDB_COLUMNS + "\n" + "\n".join(rows) + "\n")
    for k in range(1, len(rhythms) + 1):
        marks = {"i": waves(("p", 100), ("N", 200), ("t", 300)), "ii": waves(("N", 200), ("t", 300))}
        wfdb(folder / "data", str(k), ("i", "ii"), 500, marks=marks)
    return folder


def mitdb(folder: Path, records: Sequence[str]) -> Path:
    """Records of two leads; all tables that prove the database are there."""
    marks = [(18, "+", "(N"), (50, "N", ""), (400, "+", "(AFIB"), (450, "V", ""), (600, "|", ""), (900, "A", "")]
    for record in (*records, "100", "234"):
        wfdb(folder, record, ("MLII", "V5"), 360, marks={"atr": marks})
    return folder


def cinc2017(folder: Path, labels: Mapping[str, str], *, unpacked: bool = False) -> Path:
    """Records in `training2017/` as the publisher's archive unpacks, or beside the table."""
    records = folder / "training2017" if unpacked else folder
    for record in labels:
        wfdb(records, record, ("ECG",), 300, suffix="mat")
    (folder / "REFERENCE-v3.csv").write_text("".join(f"{r},{label}\n" for r, label in labels.items()))
    return folder


def ptbxl(folder: Path, rows: Sequence[tuple[int, str, str, int]]) -> Path:
    """Rows of (ecg_id, patient_id, scp_codes, strat_fold), at 100 Hz only."""
    lines = ["ecg_id,patient_id,scp_codes,strat_fold,filename_lr,filename_hr"]
    for ecg_id, patient, codes, fold in rows:
        low, high = (f"records{r}/00000/{ecg_id:05d}_{s}" for r, s in ((100, "lr"), (500, "hr")))
        lines.append(f'{ecg_id},{patient},"{codes}",{fold},{low},{high}')
        wfdb(folder / "records100" / "00000", f"{ecg_id:05d}_lr", ("I", "II", "AVR"), 100)
    (folder / "ptbxl_database.csv").write_text("\n".join(lines) + "\n")
    statements = ",description,diagnostic,form,rhythm,diagnostic_class\n"
    statements += (
        "NORM,normal ECG,1.0,,,NORM\nIMI,inferior infarction,1.0,,,MI\nNDT,T,1.0,1.0,,STTC\nSR,sinus,,,1.0,\n"
    )
    (folder / "scp_statements.csv").write_text(statements)
    return folder

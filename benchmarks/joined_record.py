"""Write the 24 h, 12-lead, 250 Hz WFDB record the speed benchmarks use, from the 48 joined MIT-BIH records.

usage: python benchmarks/joined_record.py --data MITDB_FOLDER --out FOLDER

Leads I and II are the two real leads, resampled; the other ten are fixed combinations of them (Einthoven and
Goldberger for the limb leads, mixtures for V1-V6), so that every lead holds real beats. Format 16, 518 MB.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from engine.records import open_record

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
# Row: weights of the two real leads.
MIX = np.array(
    [
        *[(1, 0), (0, 1), (-1, 1), (-0.5, -0.5), (1, -0.5), (-0.5, 1)],
        *[(-0.6, 0.1), (-0.4, 0.4), (-0.1, 0.7), (0.3, 0.8), (0.5, 0.8), (0.6, 0.6)],
    ]
)
RATE_HZ = 250
GAIN_ADU_PER_MV = 200
NAME = "joined24h"


def write_joined(mitdb: Path, folder: Path) -> Path:
    """Header path of the record; written only if it is not there yet."""
    header = folder / f"{NAME}.hea"
    if header.exists():
        return header
    folder.mkdir(parents=True, exist_ok=True)
    total, sums, first = 0, np.zeros(12, np.int64), None
    with (folder / f"{NAME}.dat").open("wb") as out:
        for path in sorted(mitdb.glob("*.hea")):
            with open_record(path) as record:
                block = record.read()
            two = resample_poly(block.values.astype(np.float64), 25, 36, axis=1)
            adu = np.clip(np.round(MIX @ two * GAIN_ADU_PER_MV), -32767, 32767).astype("<i2")
            first = adu[:, 0] if first is None else first
            sums += adu.astype(np.int64).sum(axis=1)
            total += adu.shape[1]
            out.write(np.ascontiguousarray(adu.T).tobytes())
    lines = [f"{NAME} {len(LEADS)} {RATE_HZ} {total}"]
    for lead, start, checksum in zip(LEADS, first, sums, strict=True):
        signed = int((checksum + 32768) % 65536 - 32768)
        lines.append(f"{NAME}.dat 16 {GAIN_ADU_PER_MV}/mV 16 0 {int(start)} {signed} 0 {lead}")
    header.write_text("\n".join([*lines, "# 48 MIT-BIH Arrhythmia Database records joined", ""]))
    return header


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="MIT-BIH Arrhythmia Database folder")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    print(write_joined(arguments.data, arguments.out))

"""Time and memory of analysing one lead of a record: `python benchmarks/analysis.py RECORD [LEAD]`.

RECORD is meant to be the joined day that joined_record.py writes.
"""

from __future__ import annotations

import resource
import sys
import time

from engine.analysis.pipeline import analyze
from engine.records import open_record


def main() -> int:
    record = open_record(sys.argv[1])
    began = time.perf_counter()
    result = analyze(record, sys.argv[2] if len(sys.argv) > 2 else None)
    seconds = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    hours = record.duration_s / 3600
    print(f"lead {result.lead}, {hours:.2f} h at {record.fs:g} Hz, {len(result.beats)} beats")
    print(f"analysis {seconds:.1f} s ({seconds / hours:.2f} s an hour), peak memory {peak_mb:.0f} MB")
    print(result.summary)
    return 0


if __name__ == "__main__":
    sys.exit(main())

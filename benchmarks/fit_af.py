"""Fit the RR model of `engine.analysis.af` on the MIT-BIH AF Database and write its coefficients.

python benchmarks/fit_af.py --data FOLDER        FOLDER holds qrs<REC>.txt and atr<REC>.txt
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from af import fit_logistic, load_windows

from engine.analysis import af


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path.home() / ".cache" / "heartkit-data" / "afdb_rr")
    options = parser.parse_args()
    models = {}
    for width in (af.SHORT_WINDOW, af.WINDOW):
        windows = load_windows(options.data, width)
        mean, scale, weight, bias = fit_logistic(af.af_features(windows.rr_s), windows.is_af)
        models[str(width)] = {
            "mean": [round(float(v), 6) for v in mean],
            "scale": [round(float(v), 6) for v in scale],
            "weight": [round(float(v), 6) for v in weight],
            "bias": round(float(bias), 6),
        }
    document = {
        "id": "af-rr-logistic",
        "version": 1,
        "data": "MIT-BIH Atrial Fibrillation Database, 25 records, ODC-By 1.0",
        "features": list(af.FEATURES),
        "windows": models,
    }
    target = Path(af.__file__).with_name("af_model.json")
    target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print("written", target)


if __name__ == "__main__":
    main()

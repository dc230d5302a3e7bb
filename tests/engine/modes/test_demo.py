"""The demo page of built-in models on a recording made here."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import RecordError
from engine.jobs.events import Job
from engine.modes.demo import demo_page
from engine.modes.predictors import open_predictor
from engine.records.record import ArrayRecord, Lead, RecordInfo

RATE_HZ = 250.0


def recording(*names: str) -> ArrayRecord:
    """Twelve seconds of a beat every 0.8 s, smaller from lead to lead."""
    t = np.arange(int(12 * RATE_HZ)) / RATE_HZ
    beat = np.exp(-0.5 * (((t % 0.8) - 0.4) / 0.012) ** 2)
    values = np.stack([beat / (k + 1) for k in range(len(names))]).astype(np.float32)
    leads = tuple(Lead(name) for name in names)
    return ArrayRecord(RecordInfo("made", Path("made"), "made", RATE_HZ, len(t), leads), values)


def test_a_model_of_several_leads_gets_them_in_its_own_order() -> None:
    names = ["I", "II", "V1", "V2", "V3", "V4", "V5", "V6"]
    record = recording(*names)
    turned = ArrayRecord(replace(record.info, leads=record.leads[::-1]), record.read().values[::-1])
    page, same = (demo_page(open_predictor("diag"), each, Job()) for each in (record, turned))
    assert "NORM" in page and "lead I," in page
    shares = re.findall(r">(\d+)%<", page)
    assert len(shares) == 5 and re.findall(r">(\d+)%<", same) == shares


def test_a_recording_without_these_leads_is_refused_by_name() -> None:
    with pytest.raises(RecordError, match="lacks the leads V1, V2, V3, V4, V5, V6"):
        demo_page(open_predictor("diag"), recording("I", "II"), Job())


@pytest.mark.parametrize("model", ["seg-4-lg", "rhythm-2", "beat-aami", "den-sm"])
def test_models_of_one_lead_take_any(model: str) -> None:
    assert "<svg" in demo_page(open_predictor(model), recording("II"), Job())

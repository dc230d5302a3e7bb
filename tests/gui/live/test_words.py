"""What the live view says, as plain functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.analysis.types import Analysis, Measure, Span
from engine.devices.discovery import Candidate, PortEntry
from engine.devices.latency import LatencySummary
from engine.devices.link_state import LinkState, LinkStatus
from engine.devices.live_types import BoardFigures, LiveEvent, LiveStatistics, ModelFigures, RateAlert
from engine.devices.protocol import DeviceInfo, ModelInfo
from engine.records.record import ArrayRecord
from heartkit_gui.live import figures
from heartkit_gui.live.event_marks import event_marks
from heartkit_gui.live.found_words import found_words
from heartkit_gui.live.state_words import ADVICE, sentence, state_words

BOARD = DeviceInfo("1.0", "test board", (1, 1), ("I", "II", "V1"), (250,), 5.0)


@pytest.mark.parametrize("state", LinkState)
def test_every_state_has_words_a_level_and_advice_where_something_is_wrong(state: LinkState) -> None:
    words = state_words(LinkStatus(state, "the reason", 0.0))
    assert words.title
    assert (words.level == "fault") == state.is_fault
    assert state in ADVICE
    if state.is_fault:
        assert words.advice
    assert words.reason == "The reason."
    assert words.reason in words.spoken


def test_a_lost_board_is_counted_down_to() -> None:
    lost = LinkStatus(LinkState.RECONNECTING, "cable pulled")
    assert "12 s so far, next attempt in 3 s." in state_words(lost, "", 3.2, 12.0).advice
    assert "12 s so far, trying now." in state_words(lost, "", 0.0, 12.0).advice
    assert "so far" not in state_words(LinkStatus(LinkState.STALLED), "", 3.0).advice


def test_work_before_any_connection_goes_first() -> None:
    words = state_words(None, "Starting: Simulator")
    assert (words.title, words.level) == ("Starting: Simulator", "busy")
    assert state_words(None).title == LinkState.CLOSED.words


def test_reasons_are_sentences() -> None:
    assert sentence("no board (is it on?)") == "No board (is it on?)."
    assert sentence("/dev/ttyACM0 is in use") == "/dev/ttyACM0 is in use."
    assert sentence("  ") == ""


def test_a_remark_on_the_rate_says_that_it_is_no_alarm() -> None:
    assert figures.alert_text(RateAlert(0, "high", 150, 130)) == "Above 130 per minute (not an alarm)"
    assert figures.alert_text(RateAlert(0, "low", 30, 40)).startswith("Below 40")
    assert figures.alert_text(None) == ""


def test_the_rhythm_of_now_is_the_last_one_and_doubt_is_said(
    make_record: Callable[..., ArrayRecord], make_analysis: Callable[..., Analysis]
) -> None:
    record = make_record()
    rhythm = (Span(0, 2000, "N", 0.9), Span(2000, 5000, "AFIB", 0.4), Span(100, 300, "RUN", 0.9))
    assert figures.rhythm_text(make_analysis(record, [500], rhythm=rhythm)) == "Atrial fibrillation?"
    assert figures.rhythm_text(None) == "Listening…"


def test_quality_is_that_of_the_last_minute(
    make_record: Callable[..., ArrayRecord], make_analysis: Callable[..., Analysis]
) -> None:
    record = make_record(seconds=100.0)
    bad = (Span(0, 10_000, "noisy"), Span(44_000, 50_000, "lead_off"))
    share, why = figures.quality_text(make_analysis(record, [], quality=bad))
    assert share == pytest.approx(0.8)
    assert why == "lead off"
    assert math.isnan(figures.quality_text(None)[0])


def test_leads_without_contact_are_named() -> None:
    assert figures.lead_off_text(0b101, BOARD) == "No contact: I, V1"
    assert figures.lead_off_text(0, BOARD) == ""


def test_the_link_is_told_with_losses_marked() -> None:
    told = LiveStatistics(
        elapsed_s=10.0, samples=9_990, samples_lost=10, samples_unknown=250, frames_bad=2, bytes_received=50_000,
        latency=LatencySummary(100, 20.0, 40.0, 50.0, 60.0), drift_ppm=12.3,
    )  # fmt: skip
    rows = {row.name: row for row in figures.link_rows(told, (30.0, 70.0), 60.0, 5.0)}
    assert rows["Samples lost"].value == "10 of 10\u2009000, 250 while away"
    assert rows["Samples lost"].is_bad
    assert rows["Frames bad"].is_bad
    assert rows["To screen"].value == "30 ms, 95 % in 70 ms"
    assert not rows["To screen"].is_bad
    assert rows["Clock drift"].value == "+12 ppm"
    assert rows["Screen"].value == "60 fps, 95 % in 5 ms"
    empty = figures.link_rows(LiveStatistics(), (math.nan, math.nan), 0.0, math.nan)
    assert not any(row.is_bad for row in empty)


def test_a_model_is_told_with_its_cost_and_how_it_compares() -> None:
    model = ModelInfo(
        0, "seg", 100.0, (256, 1), (256, 4), 0.1, 0, 0.1, 0, 206, flash_bytes=46_000, ram_bytes=20_000
    )
    silent = figures.model_words(model, None)
    assert (silent.cost, silent.size, silent.equal) == ("no result yet", "46\u2009kB flash, 20\u2009kB RAM", "")
    assert figures.model_words(model, None, is_on=False).cost == "off"
    assert figures.model_words(replace(model, hop=0), None, is_on=False).cost == "on request"
    words = figures.model_words(model, ModelFigures(0, "seg", 12, 1, 0.5, 12_000, 15_000, 4_239_767, 10, 10))
    assert words.cost == "0.5/s, 12.0 ms, 4.24\u2009M instructions, 1 left out"
    assert (words.equal, words.differs) == ("10 of 10 equal", False)
    other = figures.model_words(model, ModelFigures(0, "seg", 1, 0, 0.0, 12_000, 15_000, 0, 10, 9))
    assert (other.cost, other.equal, other.differs) == ("12.0 ms", "9 of 10 equal", True)


def test_instructions_counted_earlier_are_told_as_such_where_a_board_counts_none() -> None:
    model = ModelInfo(
        0, "seg", 100.0, (256, 1), (256, 4), 0.1, 0, 0.1, 0, 206, flash_bytes=46_000, ram_bytes=20_000
    )
    silent = ModelFigures(0, "seg", 12, 0, 0.5, 12_000, 15_000, 0, 10, 10)
    assert "1.55\u2009M instructions" in figures.model_words(model, silent, 1_547_698).cost
    assert "instructions" not in figures.model_words(model, silent).cost
    told = LiveStatistics(models=(silent,))
    assert dict(figures.board_rows(BOARD, told, {"seg": 1_000_000}))["Models"] == "500\u2009k instructions/s"
    assert figures.counts_earlier(told, {"seg": 1_000_000})
    assert "Models" not in dict(figures.board_rows(BOARD, told))
    assert not figures.counts_earlier(told, {})


def test_the_board_is_told_as_far_as_it_tells() -> None:
    told = LiveStatistics(board=BoardFigures(cpu_share=0.25, battery_percent=80))
    rows = dict(figures.board_rows(BOARD, told))
    assert rows["Processor"] == "25 % busy"
    assert rows["Battery"] == "80 %"
    assert "RAM" not in rows


def test_a_board_of_software_is_told_as_one() -> None:
    told = LiveStatistics()
    assert dict(figures.board_rows(BOARD, told))["Firmware"] == "1.0"
    assert dict(figures.board_rows(replace(BOARD, emulated=True), told))["Firmware"] == "1.0, emulated"
    assert dict(figures.board_rows(replace(BOARD, simulated=True), told))["Firmware"] == "1.0, simulated"


def test_the_newest_beat_of_a_stream_counts_once_the_next_is_there(
    make_record: Callable[..., ArrayRecord], make_analysis: Callable[..., Analysis]
) -> None:
    found = make_analysis(make_record(), [500, 900, 1300])
    assert figures.beat_counts(found)["N"] == 3
    assert figures.beat_counts(found, goes_on=True)["N"] == 2
    assert figures.beat_counts(None, goes_on=True)["N"] == 0


def test_intervals_of_the_stream_are_medians_in_ms(
    make_record: Callable[..., ArrayRecord], make_analysis: Callable[..., Analysis]
) -> None:
    record = make_record()
    medians = {"pr": Measure(147.6, "ms"), "qtc_fridericia": Measure(401.0, "ms")}
    rows = dict(figures.intervals(replace(make_analysis(record, [500]), intervals=medians)))
    assert rows == {"PR": "148", "QRS": "–", "QT": "–", "QTcF": "401"}
    assert set(dict(figures.intervals(None)).values()) == {"–"}


def test_events_become_marks_in_words_and_in_order() -> None:
    marks = event_marks(
        [LiveEvent(900, "mark", "dizzy"), LiveEvent(100, "lead_off"), LiveEvent(500, "odd_one")], 250.0
    )
    assert marks.sample.tolist() == [100, 500, 900]
    assert marks.aux == ("Lead off", "Odd one", "Mark: dizzy")


def test_a_port_that_may_not_be_opened_is_listed_with_the_cure() -> None:
    cure = "/dev/ttyACM0 may not be opened by this user (sudo usermod -aG dialout $USER and log in again)"
    words = found_words(Candidate(PortEntry("/dev/ttyACM0", product="Apollo EVB"), cure))
    assert not words.answers
    assert words.title == "Apollo EVB"
    assert "dialout" in words.tip
    answering = found_words(Candidate(PortEntry("/dev/ttyACM1"), "", BOARD))
    assert answering.answers
    assert answering.title == "test board"

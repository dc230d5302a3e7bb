"""The whole firmware as a process, under sanitizers, driven over its port: every message, and what it streams."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from random_frames import framed, random_bodies

from engine.devices.board_input import input_rule, surroundings, window_hop, window_input
from engine.devices.protocol import (
    FLUSH,
    NO_VALUE_16,
    VERSION,
    Ack,
    Event,
    EventKind,
    Hello,
    Infer,
    Info,
    Inject,
    Input,
    Log,
    Mark,
    ModelBegin,
    ModelFormat,
    ModelStats,
    Output,
    Reset,
    Results,
    Samples,
    Samples24,
    SelfTest,
    SetModels,
    SetNoise,
    SetSource,
    Source,
    Start,
    Stats,
    Status,
    Stop,
    decode_class_runs,
    encode,
    fnv1a,
)
from engine.export.firmware.recordings import LEADS
from engine.runtime.compiled import CompiledModel
from engine.runtime.model import read_card

REPLAY = Source.REPLAY


def test_a_board_says_what_it_is(board):
    info = board.info()
    assert (info.board, info.protocol, info.leads) == ("host", (1, 1), LEADS)
    assert info.rates_hz == (250, 500, 1000, 200) and info.uv_per_lsb == 1.0
    assert info.sources == ("sensor", "replay", "inject") and len(info.recordings) == 3
    assert [model.name for model in info.models] == ["seg-4-sm", "den-sm", "beat-aami"]
    wave, _, beat = info.models
    assert wave.hop == window_hop(read_card("seg-4-sm")) and beat.hop == 0
    assert read_card("seg-4-sm").sha256.startswith(wave.sha256)
    assert info.emulated and not info.upload_formats


def test_a_host_of_another_protocol_is_told_what_this_board_speaks(board):
    board.clear()
    board.send_bytes(encode(Hello(), 3, version=VERSION + 1))
    board.until(lambda: board.all(Info))
    assert b'"protocol"' in b"".join(piece.data for piece in board.all(Info)) and board.all(Ack) == []


@pytest.mark.parametrize(("rate_hz", "mask"), [(250, 1), (500, 0b101), (1000, 0xFFF), (200, 1)])
def test_streams_at_the_rate_and_leads_asked_for_without_holes(hurried, rate_hz, mask):
    leads = mask.bit_count()
    assert hurried.ask(Start(rate_hz, mask, source=REPLAY)).status == Status.OK
    hurried.until(lambda: sum(frame.count for frame in hurried.all(Samples)) > rate_hz)
    assert hurried.ask(Stop()).status == Status.OK
    hurried.until(lambda: hurried.all(Stats) and hurried.all(Stats)[-1].cpu_permille == 65535)
    codes = hurried.samples()
    assert codes.shape[1] == leads and hurried.all(Samples)[0].index == 0
    assert np.ptp(codes[:, 0]) > 300 and (codes != NO_VALUE_16).all()
    last = hurried.all(Stats)[-1]
    assert (last.sample_index, last.samples_dropped) == (len(codes), 0)
    assert all(len(frame.pack()) <= 506 for frame in hurried.all(Samples))
    assert hurried.bad == []


def test_limb_leads_obey_einthoven_and_goldberger(hurried):
    hurried.ask(Start(500, 0x3F, source=REPLAY))
    hurried.until(lambda: len(hurried.all(Samples)) > 12)
    two, one, three, avr, avl, avf = hurried.samples().T.astype(int)
    assert np.abs(one + three - two).max() <= 2
    assert np.abs(2 * avr + one + two).max() <= 3
    assert np.abs(avl + avf + avr).max() <= 3


def test_the_sample_index_follows_the_boards_clock(board):
    board.ask(Start(1000, 1, source=REPLAY))
    board.until(lambda: len(board.all(Stats)) >= 2)
    first, second = board.all(Stats)[:2]
    elapsed_s = (second.device_time_us - first.device_time_us) / 1e6
    assert second.sample_index - first.sample_index == pytest.approx(1000 * elapsed_s, rel=0.5)
    lines = [log.text for log in board.all(Log) if log.text.startswith("t=")]
    assert lines and all("=" in pair for line in lines for pair in line.split())


def test_24_bits_carry_the_same_samples(hurried):
    hurried.ask(Start(250, 0xFFF, source=REPLAY))
    hurried.until(lambda: len(hurried.all(Samples)) >= 4)
    narrow = hurried.samples()
    hurried.ask(Start(250, 0xFFF, sample_bits=24, source=REPLAY))
    hurried.clear()
    hurried.until(lambda: len(hurried.all(Samples24)) >= 4)
    wide = np.concatenate([frame.values for frame in hurried.all(Samples24)])
    n = min(len(narrow), len(wide))
    assert np.array_equal(narrow[:n], wide[:n])


def test_a_recording_of_one_lead_leaves_the_others_without_value(hurried):
    assert hurried.ask(SetSource(REPLAY, 1)).status == Status.OK
    hurried.ask(Start(250, 0b11, source=REPLAY))
    hurried.until(lambda: len(hurried.all(Samples)) >= 3)
    codes = hurried.samples()
    assert (codes[:, 0] != NO_VALUE_16).all() and (codes[:, 1] == NO_VALUE_16).all()


def test_the_sensor_is_read_through_its_driver_and_settles(hurried):
    hurried.ask(Start(250, 1, source=Source.SENSOR))
    hurried.until(lambda: sum(frame.count for frame in hurried.all(Samples)) > 500)
    codes = hurried.samples()[:, 0]
    assert (codes[:200] == NO_VALUE_16).all()
    heard = codes[300:].astype(int)
    assert (heard != NO_VALUE_16).all() and np.ptp(heard) > 300
    assert abs(np.median(heard)) < 500  # 3 mV of electrode offset are gone


@pytest.mark.parametrize(
    "start",
    [
        Start(333, 1, source=REPLAY),
        Start(250, 0x1000, source=REPLAY),
        Start(250, 1, sample_bits=12, source=REPLAY),
        Start(250, 0xFFF, samples_per_frame=21, source=REPLAY),
        Start(250, 1, source=REPLAY, model_mask=0b100),
        Start(250, 1, source=REPLAY, model_mask=0b1000),
    ],
)
def test_what_cannot_be_streamed_is_refused_in_words(hurried, start):
    answer = hurried.ask(start)
    assert answer.status == Status.BAD_VALUE and answer.detail
    assert hurried.ask(Stop()).status == Status.OK  # and it lives


def test_injected_samples_come_back_as_they_were(board):
    codes = (np.arange(500)[:, None] * np.array([13, -7]) % 30000).astype(np.int16)
    assert board.ask(Inject(0, codes[:100])).status == Status.WRONG_STATE
    board.ask(Start(500, 0b11, source=Source.INJECT))
    room = [board.ask(Inject(k, codes[k : k + 100])).value for k in range(0, 500, 100)]
    assert all(r > 1000 for r in room)
    board.until(lambda: sum(frame.count for frame in board.all(Samples)) >= 600)
    played = board.samples()
    assert np.array_equal(played[:500], codes)
    assert (played[500:] == NO_VALUE_16).all()  # the host is late: no value, never an old one
    assert board.ask(Inject(500, codes[:10, :1])).status == Status.BAD_VALUE
    assert board.ask(Inject(1 << 31, codes[:10])).status in (Status.OK, Status.BUSY)  # half the numbers away


def test_results_are_those_of_this_computer_on_the_samples_received(hurried):
    """Board input, output and hashes, window after window, for every rate's resampler path in one stream."""
    hurried.ask(Start(500, 1, source=REPLAY, results=Results.TENSOR, model_mask=0b11))
    wanted = 2
    hurried.until(lambda: min(len(hurried.results(0)), len(hurried.results(1))) >= wanted)
    codes = hurried.samples()[:, 0].astype(np.int64)
    for number, name in enumerate(("seg-4-sm", "den-sm")):
        card, model = read_card(name), hurried.info().models[number] if number == 0 else None
        compiled = CompiledModel.open(card.path)
        step, zero = compiled._input["quantization"]
        rule = input_rule(card, float(step), int(zero))
        before, after = surroundings(rule, 500)
        for result, output in hurried.results(number)[:wanted]:
            start = max(0, result.index - before)
            taken = window_input(rule, codes[start : result.index + after], 500, result.index - start)
            assert result.input_hash == fnv1a(taken.tobytes())
            expected = compiled.run_quantized(taken.reshape(1, *compiled.input_shape[1:])).tobytes()
            assert output == expected and result.output_hash == fnv1a(expected)
            assert result.window == 5 * rule.length
        assert model is None or model.name == name


def test_class_runs_and_hashes_tell_the_same_as_tensors(hurried):
    tensors = {}
    for form in (Results.TENSOR, Results.CLASS_RUNS, Results.HASH_ONLY):
        hurried.ask(Start(250, 1, source=REPLAY, results=form, model_mask=1))
        hurried.clear()
        hurried.until(lambda: hurried.results(0))
        tensors[form] = hurried.results(0)[0]
    (whole, tensor), (runs, pairs), (hashed, nothing) = tensors.values()
    classes = np.frombuffer(tensor, np.int8).reshape(256, 4).argmax(axis=1)
    assert np.array_equal(decode_class_runs(pairs), classes)
    assert nothing == b"" and whole.output_hash == runs.output_hash == hashed.output_hash


def test_models_are_switched_on_and_off_while_streaming(hurried):
    hurried.ask(Start(1000, 1, source=REPLAY))
    assert hurried.ask(SetModels(0b100)).status == Status.BAD_VALUE
    assert hurried.ask(SetModels(0b10)).status == Status.OK
    hurried.until(lambda: hurried.results(1) and hurried.all(ModelStats))
    assert {stats.model for stats in hurried.all(ModelStats)} == {1}
    assert hurried.results(1)[0][0].index % (10 * window_hop(read_card("den-sm"))) == 0
    hurried.ask(SetModels(0))
    hurried.clear()
    hurried.until(lambda: hurried.all(Stats))
    assert hurried.all(Stats)[-1].model_mask == 0 and not hurried.all(ModelStats)


def test_a_change_of_source_is_an_event_and_no_window_reaches_across(hurried):
    hurried.ask(Start(1000, 1, source=REPLAY, model_mask=1))
    hurried.until(lambda: sum(frame.count for frame in hurried.all(Samples)) > 1000)
    hurried.ask(SetSource(REPLAY, 2))
    hurried.until(lambda: hurried.results(0))
    change = next(event for event in hurried.all(Event) if event.kind == EventKind.SOURCE)
    assert hurried.results(0)[0][0].index == change.index > 0


def test_noise_is_added_and_taken_away(board):
    quiet = np.zeros((200, 1), np.int16)
    board.ask(SetNoise(mains_uv=500))
    board.ask(Start(250, 1, source=Source.INJECT))
    board.ask(Inject(0, quiet))
    board.until(lambda: sum(frame.count for frame in board.all(Samples)) >= 200)
    assert np.std(board.samples()[:200]) == pytest.approx(500, rel=0.1)
    assert board.ask(Reset()).status == Status.OK
    board.ask(Start(250, 1, source=Source.INJECT))
    board.clear()
    board.ask(Inject(0, quiet))
    board.until(lambda: sum(frame.count for frame in board.all(Samples)) >= 200)
    assert (board.samples()[:200] == 0).all()


def test_marks_reset_self_test_and_refusals(hurried):
    assert hurried.ask(SelfTest()).status == Status.OK
    verdicts = [log.text for log in hurried.all(Log) if log.text.startswith("selftest=model")]
    assert len(verdicts) == 3 and all(line.endswith("verdict=ok") for line in verdicts)
    hurried.ask(Start(250, 1, source=REPLAY))
    assert hurried.ask(SelfTest()).status == Status.WRONG_STATE
    hurried.ask(Mark("here"))
    hurried.until(
        lambda: any(event.kind == EventKind.MARK and event.text == "here" for event in hurried.all(Event))
    )
    hurried.ask(Mark("x" * 500))
    hurried.until(lambda: any(event.text == "x" * 497 for event in hurried.all(Event)))
    upload = hurried.ask(ModelBegin(5, ModelFormat.TFLITE, 1000, 0, "mine"))
    assert upload.status == Status.NOT_SUPPORTED and "build" in upload.detail
    hurried.clear()
    hurried.send(Reset())
    hurried.until(lambda: any(event.kind == EventKind.BOOT for event in hurried.all(Event)))
    hurried.clear()
    hurried.until(lambda: True)
    assert hurried.info().board == "host"


def test_after_a_reset_the_first_byte_ends_whatever_frame_was_cut(hurried):
    hurried.send(Reset())
    hurried.until(lambda: any(event.kind == EventKind.BOOT for event in hurried.all(Event)))
    assert hurried.bad == [] and b"\0\0" in bytes(hurried.raw)


def test_a_choice_of_recording_counts_for_replay_only(hurried):
    assert hurried.ask(SetSource(Source.SENSOR, 200)).status == Status.OK
    assert hurried.ask(Start(250, 1, source=REPLAY)).status == Status.OK


def test_raw_inference_equals_this_computer(board):
    info = board.info()
    generator = np.random.default_rng(0)
    for model in info.models:
        compiled = CompiledModel.open(read_card(model.name).path)
        tensor = generator.integers(-128, 128, (1, *model.input_shape)).astype(np.int8)
        content, piece = tensor.tobytes(), 400
        assert board.ask(Infer(model.id)).status == Status.WRONG_STATE
        for offset in range(0, len(content), piece):
            board.ask(Input(model.id, offset, len(content), content[offset : offset + piece]))
        board.clear()
        assert board.ask(Infer(model.id)).status == Status.OK
        expected = compiled.run_quantized(tensor).tobytes()
        size = len(expected)
        board.until(lambda size=size: sum(len(part.data) for part in board.all(Output)) == size)
        assert b"".join(part.data for part in board.all(Output)) == expected
        assert board.all(Output)[0].output_hash == fnv1a(expected)
        wrong = board.ask(Input(model.id, 8, len(content), content[:8]))
        assert wrong.status == Status.BAD_VALUE


def test_damage_on_the_way_to_the_board_costs_one_frame_and_is_counted(hurried):
    hurried.send_bytes(bytes(range(256)) * 8 + encode(Stop(), 7)[:3])
    hurried.send_bytes(FLUSH)
    assert hurried.ask(Start(250, 1, source=REPLAY)).status == Status.OK
    hurried.until(lambda: hurried.all(Stats))
    assert hurried.all(Stats)[-1].frames_bad >= 1


def test_random_bytes_do_not_hurt_it(board):
    generator = np.random.default_rng(4)
    for size in generator.integers(1, 500, 300):
        board.send_bytes(generator.integers(0, 256, int(size), np.uint8).tobytes() + FLUSH)
    assert board.info().board == "host"


@pytest.mark.parametrize("seed", range(3))
def test_random_requests_do_not_hurt_it(hurried, seed):
    """Good frames of every request with any contents, one that streams now and then, under the sanitizers."""
    generator = np.random.default_rng(seed)
    for sequence, (kind, body) in enumerate(random_bodies(generator, 1200)):
        if sequence % 100 == 0:
            hurried.send(Start(1000, 0b11, source=int(generator.integers(3)), model_mask=0b11))
        hurried.send_bytes(framed(kind, body, sequence))
        if sequence % 10 == 0:
            hurried.read()
    hurried.settle()
    assert hurried.info().board == "host"
    assert hurried.ask(Start(250, 1, source=REPLAY)).status == Status.OK
    hurried.clear()
    hurried.until(lambda: len(hurried.all(Samples)) > 3)


def test_a_host_that_stalls_loses_the_oldest_samples_and_every_one_is_counted(hurried):
    hurried.ask(Start(1000, 0xFFF, source=REPLAY))
    time.sleep(1.5)  # fifteen seconds of the board's time
    hurried.until(lambda: any(event.kind == EventKind.OVERFLOW for event in hurried.all(Event)))
    assert hurried.ask(Stop()).status == Status.OK
    hurried.until(lambda: hurried.all(Stats)[-1].cpu_permille == 65535)
    frames, last = hurried.all(Samples), hurried.all(Stats)[-1]
    holes = sum(after.index - before.index - before.count for before, after in pairwise(frames))
    assert holes == last.samples_dropped > 1000
    assert sum(frame.count for frame in frames) + holes == last.sample_index
    assert sum(event.value for event in hurried.all(Event) if event.kind == EventKind.OVERFLOW) == holes
    assert hurried.bad == []

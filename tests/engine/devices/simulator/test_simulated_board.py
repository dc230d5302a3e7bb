"""The simulated board answers and streams as docs/protocol.md says; without cable or clock, so all is exact."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from board_driver import Driver, indices

from engine.devices.protocol import (
    NO_VALUE_16,
    Ack,
    Assembler,
    Event,
    EventKind,
    Frame,
    FrameDecoder,
    Infer,
    Inject,
    Input,
    Log,
    Mark,
    Message,
    ModelBegin,
    ModelCommit,
    ModelData,
    ModelStats,
    Output,
    Reset,
    Result,
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
    pieces,
)
from engine.devices.simulator import Recording
from engine.devices.simulator.board import SimulatedBoard
from engine.devices.simulator.models import BoardModel
from engine.runtime.zoo import zoo_folder

RAMP = Recording("ramp", 250.0, ("I",), np.arange(1000, dtype=np.float32)[None] / 1000)
PAIR = Recording("pair", 250.0, ("I", "II"), np.ones((2, 500), np.float32) * np.array([[1.0], [2.0]], np.float32))


@pytest.fixture
def driver() -> Driver:
    return Driver(SimulatedBoard((RAMP, PAIR), {}, seed=3))


@pytest.fixture(scope="module")
def seg() -> BoardModel:
    return BoardModel.open(2, "seg-4-sm")


@pytest.fixture
def with_model(seg: BoardModel) -> Driver:
    return Driver(SimulatedBoard((RAMP, PAIR), {2: seg}, seed=3))


def samples(messages: list[Message]) -> np.ndarray:
    return np.concatenate([m.values for m in messages if isinstance(m, Samples)])


def test_it_says_what_it_is(with_model: Driver):
    info = with_model.info()
    assert info.simulated and not info.emulated and "no firmware" in info.note
    assert info.recordings == ("automatic", "ramp", "pair") and len(info.leads) == 12
    (model,) = info.models
    assert (model.id, model.name, model.rate_hz, model.input_shape) == (2, "seg-4-sm", 100.0, (256, 1))


def test_without_a_compiler_it_says_that_models_round_otherwise(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    info = Driver(SimulatedBoard((RAMP,), {0: BoardModel.open(0, "seg-2")})).info()
    assert "without a C compiler" in info.note and "no firmware" in info.note
    assert "compiler" not in Driver(SimulatedBoard((RAMP,), {})).info().note


def test_it_streams_at_the_rate_asked_for_and_loses_nothing(driver: Driver):
    assert driver.ask(Start(500, 0b101)).status == Status.OK
    said = driver.run(4.0)
    found = indices(said)
    assert found == list(range(len(found))) and 1940 <= len(found) <= 2000
    assert {m.leads for m in said if isinstance(m, Samples)} == {2}
    stats = [m for m in said if isinstance(m, Stats)]
    assert len(stats) == 4 and stats[-1].samples_dropped == 0
    assert stats[-1].sample_index == pytest.approx(500 * 4, abs=20)


@pytest.mark.parametrize(("bits", "kind"), [(16, Samples), (24, Samples24)])
def test_frames_are_of_the_size_and_width_asked_for(driver: Driver, bits: int, kind: type):
    driver.ask(Start(250, 0b1, samples_per_frame=25, sample_bits=bits))
    frames = [m for m in driver.run(1.0) if isinstance(m, Samples)]
    assert len(frames) >= 9 and all(type(m) is kind and m.count == 25 for m in frames)


def test_twelve_leads_at_1000_hz_fit(driver: Driver):
    driver.ask(Start(1000, 0xFFF))
    assert len(indices(driver.run(1.0))) >= 960


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (Start(333), Status.BAD_VALUE),
        (Start(250, 1 << 12), Status.BAD_VALUE),
        (Start(250, source=9), Status.BAD_VALUE),
        (Start(250, sample_bits=12), Status.BAD_VALUE),
        (Start(250, results=7), Status.BAD_VALUE),
        (Start(250, model_mask=1), Status.BAD_VALUE),
        (Start(250, 0xFFF, samples_per_frame=100), Status.BAD_VALUE),
        (SetSource(Source.REPLAY, 3), Status.BAD_VALUE),
        (SetModels(8), Status.BAD_VALUE),
        (Inject(0, np.array([[1]])), Status.WRONG_STATE),
        (ModelData(0, b"x"), Status.WRONG_STATE),
        (ModelCommit(0), Status.WRONG_STATE),
        (Infer(0), Status.WRONG_STATE),
        (Input(0, 0, 4, b"abcd"), Status.BAD_VALUE),
        (ModelBegin(0, 1, 100, 0), Status.NOT_SUPPORTED),
        (ModelBegin(0, 0, 1 << 30, 0), Status.TOO_LARGE),
        (Ack(3), Status.UNKNOWN_MESSAGE),
    ],
    ids=str,
)
def test_what_it_cannot_do_it_refuses_in_words(driver: Driver, request_: Message, status: Status):
    ack = driver.ask(request_)
    assert ack.status == status and (ack.detail or status == Status.UNKNOWN_MESSAGE)
    assert not driver.board.streaming


def test_stop_ends_with_the_last_figures(driver: Driver):
    driver.ask(Start(250))
    driver.run(0.5)
    ack, stats = driver.send(Stop())
    assert isinstance(ack, Ack) and isinstance(stats, Stats)
    assert indices(driver.run(0.5)) == [] and not driver.board.streaming


def test_start_while_streaming_counts_from_zero_again(driver: Driver):
    driver.ask(Start(250))
    driver.run(0.5)
    said = driver.send(Start(250))
    assert indices(said + driver.run(0.3))[0] == 0


def test_a_replay_plays_the_recording_in_a_loop(driver: Driver):
    driver.ask(SetSource(Source.REPLAY, 1))
    driver.ask(Start(250, source=Source.REPLAY))
    found = samples(driver.run(6.0))[:, 0]
    assert found.tolist() == [k % 1000 for k in range(len(found))] and len(found) > 1400


def test_without_a_choice_the_recording_that_fits_the_leads_is_played(driver: Driver):
    driver.ask(Start(250, 0b111, source=Source.REPLAY))
    found = samples(driver.run(0.5))
    assert found[0].tolist() == [2000, 1000, NO_VALUE_16]


def test_a_recording_is_resampled_to_the_boards_rate(driver: Driver):
    driver.ask(SetSource(Source.REPLAY, 1))
    driver.ask(Start(500, source=Source.REPLAY))
    found = samples(driver.run(1.0))[:, 0]
    assert np.abs(found[100:400] - np.arange(100, 400) / 2).max() <= 2


def test_the_synthetic_sensor_has_a_heart_beat(driver: Driver):
    driver.ask(Start(250, 0b01))
    lead = samples(driver.run(10.0))[:, 0].astype(float)
    steep = np.flatnonzero(np.abs(np.diff(lead)) > 0.5 * np.abs(np.diff(lead)).max())
    beats = 1 + int((np.diff(steep) > 50).sum())
    assert 8 <= beats <= 20


def test_injected_samples_come_back_and_gaps_are_without_value(driver: Driver):
    driver.ask(Start(250, source=Source.INJECT))
    assert indices(driver.run(0.2)) == []  # time begins with the first sample
    sent = np.arange(100, 200, dtype=np.int16)[:, None]
    assert driver.ask(Inject(0, sent)).value > 10_000
    driver.ask(Inject(50, sent))  # half of it again
    driver.ask(Inject(160, sent[:40]))  # ten are missing before
    found = samples(driver.run(1.2))[:, 0].tolist()
    assert found[:100] == list(range(100, 200)) and found[100:150] == list(range(150, 200))
    assert found[150:160] == [NO_VALUE_16] * 10 and found[160:200] == list(range(100, 140))
    assert set(found[200:]) == {NO_VALUE_16}


def test_too_much_injected_is_refused_and_leads_must_fit(driver: Driver):
    driver.ask(Start(250, 0b11, source=Source.INJECT))
    assert driver.ask(Inject(0, np.ones((10, 1), np.int16))).status == Status.BAD_VALUE
    block = np.ones((120, 2), np.int16)
    answers = [driver.ask(Inject(120 * k, block)) for k in range(69)]
    assert answers[0].value == 8192 - 120 and answers[-1].status == Status.BUSY


def test_the_source_may_change_while_streaming(driver: Driver):
    driver.ask(Start(250))
    driver.run(0.5)
    driver.send(SetSource(Source.REPLAY, 1))
    (event,) = [m for m in driver.said if isinstance(m, Event) and m.kind == EventKind.SOURCE]
    found = driver.run(1.0)
    assert event.value == Source.REPLAY
    assert indices(driver.said) == list(range(len(indices(driver.said))))
    at = {i: v for m in found if isinstance(m, Samples) for i, v in enumerate(m.values[:, 0], m.index)}
    assert at[event.index + 20] - at[event.index + 10] == 10


def test_noise_has_the_level_asked_for(driver: Driver):
    driver.ask(SetSource(Source.REPLAY, 2))
    driver.ask(SetNoise(muscle_uv=100, mains_uv=50, electrode_uv=80))
    driver.ask(Start(500, 0b11, source=Source.REPLAY))
    noisy = samples(driver.run(8.0)).astype(float)
    assert noisy.std(axis=0) == pytest.approx(np.hypot(np.hypot(100, 50), 80), rel=0.15)
    driver.ask(SetNoise())
    driver.run(0.1)
    assert samples(driver.run(0.5)).std(axis=0).max() == 0


def test_events_tell_of_marks_buttons_and_leads(driver: Driver):
    driver.ask(Start(250, 0b11))
    driver.run(0.4)
    driver.send(Mark("stairs"))
    driver.board.event(EventKind.BUTTON)
    driver.board.set_lead_off(0b10)
    said = driver.run(0.2)
    driver.board.set_lead_off(0)
    driver.listen()
    events = [m for m in driver.said if isinstance(m, Event)]
    assert [(e.kind, e.value, e.text) for e in events[1:]] == [
        (EventKind.MARK, 0, "stairs"),
        (EventKind.BUTTON, 0, ""),
        (EventKind.LEAD_OFF, 2, ""),
        (EventKind.LEAD_ON, 2, ""),
    ]
    assert events[1].index == 100
    assert set(samples(said)[-10:, 1].tolist()) == {NO_VALUE_16} and samples(said)[-1, 0] != NO_VALUE_16


def test_when_nobody_takes_samples_the_oldest_are_dropped_and_counted(driver: Driver):
    driver.ask(Start(250))
    for _ in range(500):
        driver.pass_time(0.02)  # ten seconds
    found = indices(driver.listen())
    assert found == list(range(2000, 2000 + len(found))) and len(found) == 500
    (stats,) = [m for m in driver.run(1.0) if isinstance(m, Stats)]
    assert stats.samples_dropped == 2000 and stats.queue_high_bytes == 2 * 500
    assert sum(m.value for m in driver.said if isinstance(m, Event) and m.kind == EventKind.OVERFLOW) == 2000


def test_a_board_that_stood_still_leaves_a_hole_and_never_catches_up(driver: Driver):
    driver.ask(Start(250))
    driver.run(1.0)
    last = indices(driver.said)[-1]
    driver.pass_time(30.0)
    after = indices(driver.listen())
    assert after[0] > last + 7000 and len(after) <= 250


def test_its_clock_may_drift(driver: Driver):
    driver.board.drift_ppm = 1000.0
    driver.ask(Start(1000))
    driver.run(20.0)
    stats = [m for m in driver.said if isinstance(m, Stats)]
    device_s = (stats[-1].device_time_us - stats[0].device_time_us) * 1e-6
    samples_s = (stats[-1].sample_index - stats[0].sample_index) / 1000
    assert samples_s == pytest.approx(device_s, abs=0.002)
    assert indices(driver.said)[-1] == pytest.approx(20_020, abs=45)


@pytest.mark.parametrize("text", ["x" * 506, "\u00e9" * 253])
def test_of_a_long_mark_the_beginning_is_told(driver: Driver, text: str):
    driver.send(Mark(text))
    told = driver.said[-1]
    assert isinstance(told, Event) and text.startswith(told.text) and len(told.text.encode()) >= 496


def test_a_choice_of_recording_counts_for_replay_only(driver: Driver):
    assert driver.ask(SetSource(Source.SENSOR, 200)).status == Status.OK
    assert driver.ask(Start(250, source=Source.REPLAY)).status == Status.OK
    assert indices(driver.run(0.2))


def test_a_reset_in_the_middle_of_a_frame_loses_no_message_of_the_new_life(driver: Driver):
    driver.ask(Start(250))
    driver.pass_time(0.2)
    half = driver.board.take_frames(1)[0][:10]
    driver.board.reset()
    found = FrameDecoder().feed(half + b"".join(driver.board.take_frames(1 << 20)))
    (boot,) = [f.message for f in found if isinstance(f, Frame)]
    assert isinstance(boot, Event) and boot.kind == EventKind.BOOT and len(found) == 2


def test_reset_forgets_everything(driver: Driver):
    driver.ask(Start(250))
    driver.run(0.3)
    ack, boot = driver.send(Reset())
    assert isinstance(ack, Ack) and isinstance(boot, Event) and boot.kind == EventKind.BOOT
    assert not driver.board.streaming and indices(driver.run(0.5)) == []


def test_frames_are_numbered_from_zero_after_a_reset(driver: Driver):
    driver.send(SetModels(0))
    driver.board.receive(encode(Reset(), 9))
    frames = FrameDecoder().feed(b"".join(driver.board.take_frames(1 << 20)))
    assert [f.sequence for f in frames] == [2, 0]


def test_without_recordings_there_is_no_replay():
    driver = Driver(SimulatedBoard((), {}))
    assert driver.info().sources == ("sensor", "inject") and driver.info().recordings == ()
    assert driver.ask(Start(250, source=Source.REPLAY)).status == Status.BAD_VALUE
    assert driver.ask(SetSource(Source.REPLAY)).status == Status.BAD_VALUE


def test_the_self_test_says_honestly_that_there_is_nothing_to_test(driver: Driver):
    log, ack = driver.send(SelfTest())
    assert isinstance(log, Log) and isinstance(ack, Ack) and "nothing to test" in log.text
    driver.ask(Start(250))
    assert driver.ask(SelfTest()).status == Status.WRONG_STATE


def results(said: list[Message]) -> list[tuple[Result, bytes]]:
    assembler, found = Assembler(), []
    for message in said:
        if isinstance(message, Result):
            block = assembler.add(message, message.index)
            if block is not None:
                found.append((message, block))
    return found


def test_a_model_gives_a_result_for_every_window(with_model: Driver, seg: BoardModel):
    with_model.ask(Start(250, 0b01, model_mask=0b100))
    said = with_model.run(12.0)
    found = results(said)
    hop = seg.info.hop * 5 // 2
    assert [r.index for r, _ in found] == [hop * k for k in range(len(found))] and len(found) >= 4
    for result, output in found:
        assert (result.window, result.model, result.encoding) == (640, 2, Results.TENSOR)
        assert len(output) == 1024 and fnv1a(output) == result.output_hash
    stats = [m for m in said if isinstance(m, ModelStats)]
    assert stats[-1].windows == len(found)


def test_results_may_be_classes_or_only_hashes(with_model: Driver):
    with_model.ask(Start(250, 0b01, model_mask=0b100))
    tensors = results(with_model.run(4.0))
    with_model.ask(Start(250, 0b01, model_mask=0b100, results=Results.CLASS_RUNS))
    runs = results(with_model.run(4.0))
    with_model.ask(Start(250, 0b01, model_mask=0b100, results=Results.HASH_ONLY))
    hashes = results(with_model.run(4.0))
    assert [r.output_hash for r, _ in runs] == [r.output_hash for r, _ in tensors]
    assert [r.output_hash for r, _ in hashes] == [r.output_hash for r, _ in tensors]
    scores = np.frombuffer(tensors[0][1], np.int8).reshape(256, 4)
    assert decode_class_runs(runs[0][1]).tolist() == scores.argmax(axis=1).tolist()
    assert hashes[0][1] == b""


def test_a_missing_sample_begins_a_new_stretch_for_models(with_model: Driver):
    with_model.ask(Start(250, 0b1, source=Source.INJECT, model_mask=0b100))
    beat = np.tile(np.arange(-60, 60, dtype=np.int16), 20)[:, None]
    with_model.ask(Inject(0, beat[:240]))
    for k in range(9):
        with_model.ask(Inject(250 + 240 * k, beat[240 * k : 240 * k + 240]))
    found = results(with_model.run(9.0))
    assert [r.index for r, _ in found][:2] == [250, 250 + 515]


def test_a_model_can_be_switched_on_and_off(with_model: Driver):
    with_model.ask(Start(250, 0b10))
    assert results(with_model.run(6.0)) == []
    assert with_model.ask(SetModels(0b100)).status == Status.OK
    found = results(with_model.run(6.0))
    assert found and all(r.index >= 1500 and r.index % 515 == 0 for r, _ in found)
    with_model.ask(SetModels(0))
    with_model.run(0.1)
    assert results(with_model.run(4.0)) == []


def send_input(driver: Driver, model: int, tensor: bytes) -> Ack:
    return [driver.ask(Input(model, offset, len(tensor), piece)) for offset, piece in pieces(tensor, 400)][-1]


def output_of(driver: Driver, model: int) -> tuple[Output, bytes]:
    ack, *outputs = driver.send(Infer(model))
    assert isinstance(ack, Ack) and ack.status == Status.OK
    assembler = Assembler()
    blocks = [assembler.add(m) for m in outputs if isinstance(m, Output)]
    assert isinstance(outputs[-1], Output) and blocks[-1] is not None
    return outputs[-1], blocks[-1]


def test_inference_on_input_sent_by_the_host(with_model: Driver, seg: BoardModel):
    tensor = np.random.default_rng(0).integers(-128, 128, 256, np.int8).tobytes()
    assert send_input(with_model, 2, tensor).value == 256
    output, block = output_of(with_model, 2)
    assert block == seg.run(tensor).output and output.output_hash == fnv1a(block)


def test_a_model_can_be_uploaded_and_run(driver: Driver):
    content = (zoo_folder("seg-2") / "model.tflite").read_bytes()
    driver.ask(ModelBegin(5, 0, len(content), zlib.crc32(content), "mine"))
    for offset, piece in pieces(content, 490):
        assert driver.ask(ModelData(offset, piece)).value == offset + len(piece)
    assert driver.ask(ModelCommit(5)).status == Status.OK
    (model,) = driver.info().models
    assert (model.id, model.name) == (5, "mine")
    size = int(np.prod(model.input_shape))
    send_input(driver, 5, bytes(size))
    assert len(output_of(driver, 5)[1]) == int(np.prod(model.output_shape))


@pytest.mark.parametrize(
    ("content", "crc32", "status"),
    [(b"x" * 300, 0, Status.CRC_MISMATCH), (b"x" * 300, zlib.crc32(b"x" * 300), Status.FAILED)],
)
def test_a_damaged_model_is_refused(driver: Driver, content: bytes, crc32: int, status: Status):
    driver.ask(ModelBegin(0, 0, len(content), crc32))
    driver.ask(ModelData(0, content))
    ack = driver.ask(ModelCommit(0))
    assert ack.status == status and ack.detail and driver.info().models == ()


def test_a_model_that_cannot_be_run_is_told_and_the_board_lives(driver: Driver, monkeypatch: pytest.MonkeyPatch):
    content = (zoo_folder("seg-2") / "model.tflite").read_bytes()
    driver.ask(ModelBegin(5, 0, len(content), zlib.crc32(content), "mine"))
    for offset, piece in pieces(content, 490):
        driver.ask(ModelData(offset, piece))
    driver.ask(ModelCommit(5))

    def fail(self: BoardModel, tensor: bytes) -> None:
        raise RuntimeError("tensor 30 lacks data")  # as the interpreter says of a crafted file

    monkeypatch.setattr(BoardModel, "run", fail)
    send_input(driver, 5, bytes(int(np.prod(driver.info().models[0].input_shape))))
    (ack,) = driver.send(Infer(5))
    assert isinstance(ack, Ack) and (ack.status, ack.detail) == (Status.FAILED, "tensor 30 lacks data")
    assert driver.ask(Stop()).status == Status.OK


def test_pieces_out_of_order_are_refused_with_what_is_held(driver: Driver):
    driver.ask(ModelBegin(0, 0, 100, 0))
    driver.ask(ModelData(0, b"x" * 40))
    ack = driver.ask(ModelData(50, b"x"))
    assert (ack.status, ack.value) == (Status.BAD_VALUE, 40)

"""What boards say of themselves, blocks in pieces, and the data of results."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.devices.protocol import (
    Assembler,
    DeviceInfo,
    Info,
    InfoError,
    MalformedBodyError,
    ModelInfo,
    decode_class_runs,
    encode_class_runs,
    fnv1a,
    pieces,
    room_for_data,
)

MODEL = ModelInfo(3, "seg", 100.0, (256, 1), (256, 4), 0.05, -2, 0.12, 5, 128, "segmentation", ("none", "qrs"))
BOARD = DeviceInfo(
    "1.2.0", "mps3-an547", (1, 1), ("I", "II"), (200, 250), 12.247, true_rates_hz=(199.4, 250.0), models=(MODEL,)
)


def test_a_description_comes_back_as_it_was():
    assert DeviceInfo.from_json(BOARD.to_json()) == BOARD


def test_unknown_keys_are_ignored():
    entries = json.loads(BOARD.to_json()) | {"colour": "green"}
    assert DeviceInfo.from_json(json.dumps(entries).encode()) == BOARD


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"leads": None}, "leads"),
        ({"leads": []}, "leads"),
        ({"rates_hz": [0]}, "rates_hz"),
        ({"uv_per_lsb": float("nan")}, "uv_per_lsb"),
        ({"protocol": [1]}, "protocol"),
        ({"true_rates_hz": [250.0]}, "true rates"),
        ({"models": [{"id": 1}]}, "models"),
        ({"models": [json.loads(BOARD.to_json())["models"][0]] * 2}, "same id"),
        ({"simulated": "yes"}, "simulated"),
    ],
)
def test_a_description_that_cannot_be_used_is_refused_by_name(change: dict, words: str):
    entries = json.loads(BOARD.to_json()) | change
    with pytest.raises(InfoError, match=words):
        DeviceInfo.from_json(json.dumps(entries).encode())


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=60), st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists)))
def test_nonsense_is_refused_in_words(nonsense: object):
    document = nonsense if isinstance(nonsense, bytes) else json.dumps(nonsense).encode()
    with pytest.raises(InfoError):
        DeviceInfo.from_json(document)


def test_a_key_that_is_missing_is_named():
    with pytest.raises(InfoError, match="'board'"):
        DeviceInfo.from_json(b'{"firmware": "1"}')


def test_the_true_rate_is_told_and_rates_not_offered_are_refused():
    assert BOARD.true_rate_hz(200) == 199.4
    with pytest.raises(InfoError, match="200, 250 Hz"):
        BOARD.true_rate_hz(333)


def parts(block: bytes) -> list[Info]:
    return [Info(offset, len(block), piece) for offset, piece in pieces(block, room_for_data(Info))]


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_a_block_in_pieces_is_put_together(block: bytes):
    assembler = Assembler()
    found = [assembler.add(part) for part in parts(block)]
    assert found[-1] == block and found[:-1] == [None] * (len(found) - 1)


def test_a_lost_piece_loses_its_block_and_no_other():
    first, second = b"a" * 1500, b"b" * 1500
    assembler = Assembler()
    lost = [assembler.add(part) for k, part in enumerate(parts(first)) if k != 1]
    whole = [assembler.add(part) for part in parts(second)]
    assert lost == [None, None] and whole[-1] == second and assembler.blocks_lost == 1


def test_pieces_of_different_blocks_are_not_mixed():
    assembler = Assembler()
    (a1, *_), (_, b2, *_) = parts(b"a" * 1000), parts(b"b" * 1000)
    assert assembler.add(a1, key=1) is None
    assert assembler.add(b2, key=2) is None
    assert assembler.blocks_lost == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 400)), max_size=5))
def test_runs_of_classes_come_back(runs: list[tuple[int, int]]):
    classes = np.repeat([c for c, _ in runs], [n for _, n in runs]).astype(np.uint8)
    assert decode_class_runs(encode_class_runs(classes)).tolist() == classes.tolist()


@pytest.mark.parametrize("broken", [b"\1", b"\1\0", b"\1\2\3"])
def test_broken_runs_are_refused(broken: bytes):
    with pytest.raises(MalformedBodyError):
        decode_class_runs(broken)


def test_the_hash_is_the_published_one():
    assert (fnv1a(b""), fnv1a(b"a"), fnv1a(b"foobar")) == (0x811C9DC5, 0xE40C292C, 0xBF9CF968)

"""The reader of .tflite files: what it decodes, and that no bytes whatever bring it down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_bytes import T, floats, ints, model, octets, operator, scalar, tensor

from engine.errors import EngineError
from engine.export.cost import operator_costs, parameters, planned_arena
from engine.export.guard import check_graph
from engine.export.report import describe
from engine.export.tflite_graph import GraphError, load_graph, read_graph
from engine.export.tflite_options import Activation, ConvOptions, Padding

ADD, CONV, DEQUANTIZE, SHAPE, SPACE_TO_BATCH = 0, 3, 6, 77, 38
SAMPLES, FILTERS, KERNEL = 20, 2, 3


def conv_model(*, stride: int = 1, weights: int = FILTERS * KERNEL, scale: float = 0.5) -> bytes:
    """One convolution of KERNEL samples with dilation 4 and ReLU6."""
    options = T(
        {0: scalar("b", 0), 1: scalar("i", stride), 2: scalar("i", 1), 3: scalar("b", 3), 4: scalar("i", 4)}
    )
    kernel = tensor((FILTERS, 1, KERNEL, 1), buffer=1)
    per_channel = {2: floats(scale, 0.25), 3: octets(b"")[:4], 6: scalar("i", 0)}
    kernel.fields[4] = T(per_channel)
    return model(
        [CONV],
        [
            tensor((1, 1, SAMPLES, 1), scale=0.1, zero=-3),
            kernel,
            tensor((FILTERS,), kind=2, buffer=2),
            tensor((1, 1, SAMPLES, FILTERS), scale=0.2),
        ],
        [operator(0, (0, 1, 2), (3,), kind=1, options=options)],
        (0,),
        (3,),
        (bytes(range(weights)), np.array([7, -7], "<i4").tobytes()),
    )


def test_a_convolution_is_decoded_with_options_weights_and_scales():
    graph = read_graph(conv_model())
    step = graph.operators[0]
    assert step.name == "CONV_2D"
    assert step.options == ConvOptions(Padding.SAME, (1, 1), (1, 4), Activation.RELU6)
    kernel, bias = graph.tensors[1], graph.tensors[2]
    assert kernel.data.tolist() == [[[[0], [1], [2]]], [[[3], [4], [5]]]]
    assert kernel.quantization.scale.tolist() == [0.5, 0.25] and kernel.quantization.per_channel
    assert kernel.quantization.zero_point.tolist() == [0, 0]
    assert bias.data.tolist() == [7, -7] and bias.dtype == "int32"
    assert graph.tensors[0].quantization.zero_point.tolist() == [-3]
    assert graph.tensors[3].data is None


def test_costs_are_those_of_the_convolution():
    graph = read_graph(conv_model())
    (cost,) = operator_costs(graph)
    assert (cost.name, cost.count, cost.macs) == ("CONV_2D", 1, SAMPLES * FILTERS * KERNEL)
    assert parameters(graph) == FILTERS * KERNEL
    assert planned_arena(graph) >= 32 + 48  # both buffers live at once, in whole 16 bytes


def test_buffers_that_are_never_live_together_share_their_place():
    shape = (1, 1, 1024, 1)
    options = T({0: scalar("b", 0)})
    steps = [operator(0, (k, k), (k + 1,), kind=11, options=options) for k in range(6)]
    deep = model([ADD], [tensor(shape, scale=1.0) for _ in range(7)], steps, (0,), (6,))
    assert 2 * 1024 < planned_arena(read_graph(deep)) < 4 * 1024


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no TFL3 file"),
        (b"\0\0\0\0TFL3", "damaged"),
        (b"\xff\xff\xff\xffTFL3" + bytes(64), "damaged"),
        (conv_model(stride=0), "stride"),
        (conv_model(weights=5), "5 bytes for shape"),
        (conv_model(scale=float("nan")), "scale"),
        (conv_model(scale=-1.0), "scale"),
        (model([CONV], [tensor((1, 4))] * 2, [operator(0, (0,), (1,))], (0,), (1,)), "without its options"),
        (model([ADD], [tensor((4,)), tensor((4,))], [operator(5, (0,), (1,))], (0,), (1,)), "operator code 5"),
        (model([ADD], [tensor((4,))], [operator(0, (9,), (0,))], (0,), (0,)), "does not exist"),
        (model([SHAPE], [tensor((4,))] * 3, [operator(0, (1,), (2,))], (0,), (2,)), "before it is computed"),
        (model([SHAPE], [tensor((4,))] * 2, [], (0,), (1,)), "nothing computes"),
        (model([SHAPE], [tensor((1,) * 12)], [], (0,), (0,)), "12 axes"),
        (model([SHAPE], [tensor((1 << 20, 1 << 20))], [], (0,), (0,)), "shape"),
        (model([SHAPE], [tensor((4,), kind=99)], [], (0,), (0,)), "type 99"),
        (model([SHAPE], [tensor((4,), buffer=3)], [], (0,), (0,)), "buffer 3"),
    ],
)  # fmt: skip
def test_damage_is_named(content, words):
    with pytest.raises(GraphError, match=words):
        read_graph(content)


def test_the_file_is_named(tmp_path):
    with pytest.raises(GraphError, match=r"^no\.tflite: "):
        load_graph(tmp_path / "no.tflite")
    (tmp_path / "text.tflite").write_text("hello, this is text")
    with pytest.raises(GraphError, match=r"^text\.tflite: is no TFL3 file"):
        load_graph(tmp_path / "text.tflite")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_changed_bytes_give_a_graph_or_a_graph_error(data):
    content = bytearray(conv_model())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.sampled_from([0, 1, 2, 4, 127, 128, 255]))
    cut = data.draw(st.integers(0, len(content)))
    for damaged in (bytes(content), bytes(content[:cut])):
        try:
            graph = read_graph(damaged)
            check_graph(graph)
            describe(damaged, kind="INT8")
        except EngineError:
            continue
        assert graph.operators is not None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_noise_behind_the_signature_is_refused_or_read(noise):
    try:
        read_graph(b"\x10\0\0\0TFL3" + noise)
    except GraphError:
        return


@pytest.mark.parametrize("code", [SPACE_TO_BATCH, 37, SHAPE, DEQUANTIZE])
def test_operators_that_mislead_the_small_runtime_are_refused_by_name_with_the_cure(code):
    name = {38: "SPACE_TO_BATCH_ND", 37: "BATCH_TO_SPACE_ND", 77: "SHAPE", 6: "DEQUANTIZE"}[code]
    steps = [operator(0, (0,), (1,)), operator(1, (1,), (2,))]
    graph = read_graph(model([code, 28], [tensor((4,))] * 3, steps, (0,), (2,)))
    cure = "BatchNormalization" if code == DEQUANTIZE else "batch of one"
    with pytest.raises(EngineError, match=name) as caught:
        check_graph(graph)
    assert cure in str(caught.value)


def test_dequantize_is_fine_at_the_output_and_on_constants():
    edge = model(
        [DEQUANTIZE], [tensor((4,), scale=0.1), tensor((4,), kind=0)], [operator(0, (0,), (1,))], (0,), (1,)
    )
    check_graph(read_graph(edge))
    constant = model(
        [DEQUANTIZE, ADD],
        [tensor((4,), kind=0), tensor((4,), kind=1, buffer=1), tensor((4,), kind=0), tensor((4,), kind=0)],
        [operator(0, (1,), (2,)), operator(1, (0, 2), (3,), kind=11, options=T({0: scalar("b", 0)}))],
        (0,),
        (3,),
        (bytes(8),),
    )
    check_graph(read_graph(constant))


def test_an_open_batch_dimension_is_refused():
    open_input = tensor((1, 4))
    open_input.fields[7] = ints(-1, 4)
    with pytest.raises(EngineError, match="open size"):
        check_graph(read_graph(model([28], [open_input, tensor((1, 4))], [operator(0, (0,), (1,))], (0,), (1,))))


@pytest.mark.parametrize(("out_scale", "out_zero"), [(0.1, -3), (0.2, -3), (0.1, 4)])
def test_relu6_by_itself_may_not_rescale(out_scale, out_zero):
    ends = [tensor((1, 4), scale=0.1, zero=-3), tensor((1, 4), scale=out_scale, zero=out_zero)]
    graph = read_graph(model([21], ends, [operator(0, (0,), (1,))], (0,), (1,)))
    if (out_scale, out_zero) == (0.1, -3):
        check_graph(graph)
        return
    with pytest.raises(EngineError, match="RELU6") as caught:
        check_graph(graph)
    assert "behind a convolution" in str(caught.value)

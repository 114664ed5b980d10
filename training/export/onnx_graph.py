"""A generator in integers as an ONNX graph, made of operators that are exact by their definition. Knows no files.

Sums are int32 (MatMulInteger, ConvInteger). At most 2^24, they are whole in float32 as well, where they are divided by powers of two and
rounded half to even. Weights are stored as uint8 with a zero point of 128: where x86 lacks VNNI, onnxruntime multiplies uint8 by int8 with
an instruction that saturates in 16 bits, but not uint8 by uint8.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from models import latents
from models.cards import Card
from models.integers import ACTIVATION_MAX, LAST_MAX, LEAKY_MIDDLE, LEAKY_SLOPE, SMALL_SIDE, TANH, IntegerGenerator, Step
from models.pixels import SIDE
from training.export.checked import Compute

OPSET, IR = 17, 8  # read by onnxruntime 1.12 (2022) and later
ZERO_POINT = 128  # of weights


class Graph:
    """Nodes and constants so far. Each method returns the name of what it gives."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: Any, dtype: Any) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype, order="C"), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def cast(self, x: str, to: int) -> str:
        return self.add("Cast", x, to=to)

    def plus(self, x: str, number: ArrayLike, dtype: Any) -> str:
        return self.add("Add", x, self.constant(number, dtype))

    def clamped(self, x: str, lowest: int, highest: int) -> str:
        return self.add("Clip", x, self.constant(lowest, np.float32), self.constant(highest, np.float32))


def content(generator: IntegerGenerator, card: Card) -> bytes:
    """A .onnx file, with the card and its golden bytes among its metadata."""
    assert card.integers is not None
    graph = Graph()
    x = rows(graph, generator)
    for step in generator.steps[:-1]:
        x = hidden(graph, divided(graph, x, step), generator.leaky)
        if step.doubles:
            x = doubled(graph, x)
    last = generator.steps[-1]
    x = pixels(graph, divided(graph, x, last))
    if last.doubles:
        x = doubled(graph, x)
    graph.add("Reshape", x, graph.constant([0, SIDE, SIDE], np.int64))  # 0 leaves N as it is
    graph.nodes[-1].output[0] = "images"

    inputs = [described("z", TensorProto.INT8, [generator.z_dim], "in steps of 1/32, from -127 to 127")]
    if generator.classes:
        inputs.append(described("label", TensorProto.INT64, [], f"from 0 to {generator.classes - 1}"))
    images = described("images", TensorProto.UINT8, [SIDE, SIDE], "0 is paper, 255 is ink")
    made = helper.make_model(
        helper.make_graph(graph.nodes, card.name, inputs, [images], graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="kakite",
    )
    helper.set_model_props(made, {"card": card.model_dump_json(), "golden": card.integers.golden})
    onnx.checker.check_model(made, full_check=True)
    return bytes(made.SerializeToString(deterministic=True))


def loaded(content: bytes) -> Compute:
    """What the file computes, by onnxruntime, or where that is not installed by onnx's own evaluator, which is slow."""
    try:
        from onnxruntime import InferenceSession
    except ModuleNotFoundError:
        runtime: Any = ReferenceEvaluator(onnx.load_from_string(content))
        names = runtime.input_names
    else:
        runtime = InferenceSession(content, providers=["CPUExecutionProvider"])
        names = [one.name for one in runtime.get_inputs()]
    return lambda *inputs: runtime.run(None, dict(zip(names, inputs, strict=True)))[0]


def described(name: str, kind: int, shape: list[int], meaning: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["N", *shape], meaning)


def rows(graph: Graph, generator: IntegerGenerator) -> str:
    """z and label -> uint8 [N, z_dim + classes]"""
    z = graph.plus(graph.cast("z", TensorProto.INT32), latents.MIDDLE, np.int32)
    z = graph.cast(z, TensorProto.UINT8)
    if not generator.classes:
        return z
    one_hot = graph.add("Gather", graph.constant(latents.columns(generator.classes), np.uint8), "label")
    return graph.add("Concat", z, one_hot, axis=1)


def divided(graph: Graph, x: str, step: Step) -> str:
    """uint8 -> the layer's sums, each divided by its power of two: float32 [N, out], or [N, out, side, side]."""
    layer = step.layer
    weight = layer.weight.numpy().astype(np.int16) + ZERO_POINT
    zero_points = graph.constant(0, np.uint8), graph.constant(ZERO_POINT, np.uint8)
    if step.side == SMALL_SIDE:  # the first convolution; before it there are rows
        image = graph.add("Reshape", x, graph.constant([0, step.side, step.side, step.channels], np.int64))
        x = graph.add("Transpose", image, perm=[0, 3, 1, 2])
    if layer.is_conv:
        sums = graph.add("ConvInteger", x, graph.constant(weight, np.uint8), *zero_points, pads=[1, 1, 1, 1])
    else:
        sums = graph.add("MatMulInteger", x, graph.constant(weight.T, np.uint8), *zero_points)
    each = (-1, 1, 1) if layer.is_conv else (-1,)  # the shape of what each output has one of
    sums = graph.plus(sums, layer.bias.numpy().reshape(each), np.int32)
    factor = graph.constant(np.exp2(-layer.shift.numpy().astype(np.float32)).reshape(each), np.float32)
    return graph.add("Mul", graph.cast(sums, TensorProto.FLOAT), factor)


def hidden(graph: Graph, y: str, leaky: bool) -> str:
    """Divided sums -> uint8 activations."""
    if leaky:
        y = graph.add("LeakyRelu", y, alpha=LEAKY_SLOPE)
    y = graph.add("Round", y)  # half to even
    if leaky:
        y = graph.plus(y, LEAKY_MIDDLE, np.float32)
    return graph.cast(graph.clamped(y, 0, ACTIVATION_MAX), TensorProto.UINT8)


def pixels(graph: Graph, y: str) -> str:
    """The last layer's divided sums -> uint8 pixels."""
    y = graph.clamped(graph.add("Round", y), -LAST_MAX, LAST_MAX - 1)
    at = graph.cast(graph.plus(y, LAST_MAX, np.float32), TensorProto.INT32)
    return graph.add("Gather", graph.constant(TANH, np.uint8), at)


def doubled(graph: Graph, x: str) -> str:
    """[N, 4 * C, side, side] -> [N, C, 2 * side, 2 * side]: the four phases of a channel lie beside each other."""
    return graph.add("DepthToSpace", x, blocksize=2, mode="CRD")

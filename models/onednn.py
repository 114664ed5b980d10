"""oneDNN's 8-bit operators for a layer in integers, with prepacked weights. Knows no generator.

`torch.compile` uses them for quantised layers on x86 (torch/_inductor/fx_passes/quantization.py). They are not public, so only speed
depends on them.
"""

import platform
from collections.abc import Callable

import torch
from torch import Tensor

from models.integers import Layer


def is_there(device: torch.device) -> bool:
    return device.type == "cpu" and platform.machine() in ("x86_64", "AMD64") and torch.backends.mkldnn.is_available()


def multiplies_exactly(device: torch.device) -> bool:
    """Whether the operators are there, and the processor has the instructions with which their products do not overflow."""
    capabilities = torch.cpu.get_capabilities()
    exact = any(capabilities.get(name) for name in ("avx512_vnni", "avx_vnni", "amx_int8"))
    return exact and is_there(device) and hasattr(torch.ops.onednn, "qlinear_pointwise")


def linear(layer: Layer, dtype: torch.dtype, activation: str, slopes: list[float], middle: int) -> Callable[[Tensor], Tensor]:
    """uint8 [B, in] -> [B, out]"""
    factor, bias = scaled(layer)
    weight, zeros = torch.ops.onednn.qlinear_prepack(layer.weight, None), torch.zeros(layer.outputs, dtype=torch.int32)
    compute = torch.ops.onednn.qlinear_pointwise.default
    return lambda x: compute(x, 1.0, 0, weight, factor, zeros, bias, 1.0, middle, dtype, activation, slopes, "")


def convolution(layer: Layer, dtype: torch.dtype, activation: str, slopes: list[float], middle: int) -> Callable[[Tensor], Tensor]:
    """uint8 [B, in, H, W] -> [B, out, H, W], channels last"""
    factor, bias = scaled(layer)
    one, zeros = [1, 1], torch.zeros(layer.outputs, dtype=torch.int32)
    weight = torch.ops.onednn.qconv_prepack(layer.weight, factor, 1.0, 0, one, one, one, 1, None)
    compute = torch.ops.onednn.qconv2d_pointwise.default
    return lambda x: compute(x, 1.0, 0, weight, factor, zeros, bias, one, one, one, 1, 1.0, middle, dtype, activation, slopes, "")


def scaled(layer: Layer) -> tuple[Tensor, Tensor]:
    """The factor 2^-k of the sums, and the bias multiplied by it. Both are exact."""
    factor = torch.exp2(-layer.shift.float())
    return factor, layer.bias * factor

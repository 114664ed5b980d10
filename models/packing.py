"""A folded generator whose weights lie as oneDNN multiplies them: the same function, faster. Knows no network.

torch's own layers bring their weights into oneDNN's layout at every call, which for a single digit can take longer than the
multiplications (docs/performance.md). Here that is done once, and the activation is applied to the sums before they are written.
These are the operators that `torch.compile` puts in the place of such layers on a CPU (torch/_inductor/fx_passes/mkldnn_fusion.py),
without its compiler and the seconds that takes. They are not public, so a test holds what they give against torch's own layers.
"""

import platform

import torch
from torch import Tensor, nn

from models.folding import Folded, Step

ACTIVATIONS = {nn.ReLU: "relu", nn.LeakyReLU: "leaky_relu", nn.Tanh: "tanh"}


def can_pack(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether oneDNN does this arithmetic here: float32 or bfloat16, on the CPUs that this was tried on."""
    if device.type != "cpu" or platform.machine() not in ("x86_64", "AMD64") or not torch.backends.mkldnn.is_available():
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))


def pack(folded: Folded) -> Folded:
    """Replace each step by a packed one, in place. What it was made of can be freed."""
    for module in list(folded.modules()):
        for name, child in module.named_children():
            if isinstance(child, Step):
                setattr(module, name, packed(child))
    return folded


def packed(step: Step) -> nn.Module:
    layer, activation = step
    if isinstance(layer, nn.Conv2d):
        return PackedConv(layer, activation)
    assert isinstance(layer, nn.Linear)
    return PackedLinear(layer, activation)


class Packed(nn.Module):
    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[type(activation)]
        self.slopes = [activation.negative_slope] if isinstance(activation, nn.LeakyReLU) else []


class PackedLinear(Packed):
    """[B, in] -> [B, out]"""

    def __init__(self, layer: nn.Linear, activation: nn.Module) -> None:
        super().__init__(activation)
        self.weight, self.bias = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach()), layer.bias.detach()

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, self.activation, self.slopes, "")  # type: ignore[no-any-return]


class PackedConv(Packed):
    """[B, in, H, W] -> [B, out, H, W], channels last"""

    def __init__(self, layer: nn.Conv2d, activation: nn.Module) -> None:
        super().__init__(activation)
        assert layer.bias is not None
        self.how = (layer.padding, layer.stride, layer.dilation, layer.groups)
        self.weight, self.bias = torch.ops.mkldnn._reorder_convolution_weight(layer.weight.detach(), *self.how), layer.bias.detach()

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.mkldnn._convolution_pointwise(  # type: ignore[no-any-return]
            x, self.weight, self.bias, *self.how, self.activation, self.slopes, ""
        )

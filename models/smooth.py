"""A generator in integers without its rounding, so that gradients reach z: what it writes differs by about half a grey level.

Encoders are trained through it. What is served is never computed by it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.integers import ACTIVATION_MAX, LAST_STEPS, LEAKY_MIDDLE, LEAKY_SLOPE, SMALL_SIDE, IntegerGenerator
from models.latents import LIMIT, MIDDLE, STEPS, WHOLE
from models.pixels import SIDE


class SmoothGenerator(nn.Module):
    """z [B, z_dim] and one-hot labels [B, classes] -> images [B, 1, 28, 28] in [-1, 1]. Its weights are buffers: nothing learns."""

    def __init__(self, generator: IntegerGenerator) -> None:
        super().__init__()
        self.z_dim, self.classes, self.leaky = generator.z_dim, generator.classes, generator.leaky
        self.steps = generator.steps
        for i, layer in enumerate(generator.layers):
            factor = torch.exp2(-layer.shift.float())
            self.register_buffer(f"weight_{i}", layer.weight * factor.reshape(-1, *[1] * (layer.weight.dim() - 1)))
            self.register_buffer(f"bias_{i}", layer.bias * factor)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        x = torch.cat([(z * STEPS).clamp(-LIMIT, LIMIT) + MIDDLE, label * WHOLE], dim=1)  # [B, z_dim + classes]
        for i, step in enumerate(self.steps):
            weight, bias = self.get_buffer(f"weight_{i}"), self.get_buffer(f"bias_{i}")
            if step.layer.is_conv and x.dim() == 2:
                x = x.reshape(-1, SMALL_SIDE, SMALL_SIDE, step.channels).permute(0, 3, 1, 2)  # channels last
            x = F.conv2d(x, weight, bias, padding=1) if step.layer.is_conv else F.linear(x, weight, bias)
            if i + 1 < len(self.steps):
                x = (F.leaky_relu(x, LEAKY_SLOPE) + LEAKY_MIDDLE if self.leaky else x).clamp(0, ACTIVATION_MAX)
            if step.doubles:
                x = F.pixel_shuffle(x, 2)
        return torch.tanh(x / LAST_STEPS).reshape(-1, 1, SIDE, SIDE)

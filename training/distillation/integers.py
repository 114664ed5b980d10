"""Quantises a trained generator to 8-bit weights and activations, by calibration and then distillation.

The student learns to write what the float generator writes. It does every rounding that the integer generator will do, and gradients pass
through the rounding unchanged (the straight-through estimator; Bengio et al. 2013, "Estimating or propagating gradients through stochastic
neurons"). It learns the weights, and a step size for each channel of activations. Step sizes may be any real number, because they are
multiplied into the weights before and after; only the k of 2^k is an integer.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models import latents
from models.cards import Kind
from models.generators import Generator
from models.integers import (
    ACTIVATION_MAX,
    LAST_STEPS,
    LEAKY_MIDDLE,
    LEAKY_SHIFT_MAX,
    LEAKY_SLOPE,
    SHIFT_MAX,
    SMALL_SIDE,
    SUM_LIMIT,
    WEIGHT_MAX,
    IntegerGenerator,
    Layer,
    is_leaky,
)
from models.pixels import SIDE
from training.distillation.folding import Affine, fold

STEPS = 4000  # of a distillation
COMPARED = 1000  # digits by which it is told how far it came
BATCH = 128
CALIBRATED = 2048  # rows that the first step sizes rest on
CLIPPED = 1e-3  # of the activations, at first
FINEST = 1 / 64  # of a layer's largest step, a channel's smallest at first
FLOAT_SLOPE = 0.2  # of the float networks' leaky layers
WEIGHTS_RATE, STEPS_RATE, WARM_UP = 1e-4, 1e-3, 50


class Rounded(torch.autograd.Function):
    """Rounds to the nearest integer. The gradient passes through unchanged."""

    @staticmethod
    def forward(_: object, x: Tensor) -> Tensor:
        return torch.round(x)

    @staticmethod
    def backward(_: object, *gradients: Tensor) -> Tensor:
        return gradients[0]


def rounded(x: Tensor) -> Tensor:
    return Rounded.apply(x)  # type: ignore[no-any-return, no-untyped-call]


class Grid(NamedTuple):
    """An integer activation y represents the number (y - middle) * step."""

    step: Tensor  # [channels]
    middle: Tensor  # [channels]


class Student(nn.Module):
    """The integer generator during distillation: its layers as floats, and the step size of each hidden channel."""

    row_steps: Tensor
    row_middles: Tensor

    def __init__(self, generator: Generator, kind: Kind) -> None:
        """Starts as a calibrated, rounded copy of the generator, on the same device."""
        super().__init__()
        self.generator, self.leaky = generator.eval().requires_grad_(False), is_leaky(kind)
        z_dim, classes = self.z_dim, self.classes = generator.z_dim, generator.classes
        self.layers = fold(generator)
        self.device = self.layers[0].weight.device
        self.weights = nn.ParameterList(layer.weight for layer in self.layers)
        self.biases = nn.ParameterList(layer.bias for layer in self.layers)
        self.register_buffer("row_steps", torch.tensor([1 / latents.STEPS] * z_dim + [1 / latents.WHOLE] * classes, device=self.device))
        self.register_buffer("row_middles", torch.tensor([float(latents.MIDDLE)] * z_dim + [0.0] * classes, device=self.device))
        self.steps = nn.ParameterList(step.log() for step in self.calibrated())  # logarithms, so that none becomes negative

    @torch.no_grad()
    def calibrated(self) -> list[Tensor]:
        """The initial step sizes of the hidden channels: a share of CLIPPED of the activations is clipped."""
        found: list[Tensor] = []
        x = self.numbers(self.random_rows(CALIBRATED, torch.Generator().manual_seed(0)))
        for i, layer in enumerate(self.layers[:-1]):
            sums = applied(layer, x)  # [B, out] or [B, out, H, W]
            channels = by_channel(sums, self.layers, i)
            few = max(1, int(len(channels) * CLIPPED))
            above = channels.topk(few, 0).values[-1] / (ACTIVATION_MAX - (LEAKY_MIDDLE if self.leaky else 0))
            below = -channels.topk(few, 0, largest=False).values[-1] * LEAKY_SLOPE / LEAKY_MIDDLE if self.leaky else above
            step = torch.maximum(above, below)
            found.append(step.clamp(min=float(step.max()) * FINEST))  # a channel that is always silent has none of its own
            x = shaped(F.leaky_relu(sums, FLOAT_SLOPE) if self.leaky else F.relu(sums), self.layers, i)
        return found

    def numbers(self, rows: Tensor) -> Tensor:
        """An integer generator's input -> the same z and labels as the float generator's input."""
        numbers: Tensor = (rows - self.row_middles) * self.row_steps
        return numbers

    def grid(self, i: int) -> Grid:
        """The grid of layer i's inputs."""
        if i == 0:
            return Grid(self.row_steps, self.row_middles)
        step = self.steps[i - 1].exp()
        return Grid(step, torch.full_like(step, LEAKY_MIDDLE if self.leaky else 0.0))

    def out_steps(self, i: int) -> Tensor:
        """The step size of each of layer i's outputs: [out]."""
        if i == len(self.weights) - 1:
            return torch.full_like(self.biases[i], 1 / LAST_STEPS)
        step = self.steps[i].exp()
        copies = len(self.biases[i]) // len(step)
        outputs: Tensor = step.repeat_interleave(copies) if self.weights[i].dim() == 4 else step.repeat(copies)
        return outputs

    def layer(self, i: int) -> tuple[Tensor, Tensor, Tensor]:
        """Layer i's integer weights and biases, and k, all as floats. Gradients pass through the rounding of weights and biases."""
        grid, out = self.grid(i), self.out_steps(i)
        others = [1] * (self.weights[i].dim() - 2)
        weight = self.weights[i] * grid.step.reshape(1, -1, *others) / out.reshape(-1, 1, *others)
        bias = self.biases[i] / out
        k = shifts(weight.detach(), bias.detach(), grid.middle).clamp(max=LEAKY_SHIFT_MAX if self.leaky else SHIFT_MAX)
        factor = torch.exp2(k)
        weight = rounded(weight * factor.reshape(-1, 1, *others)).clamp(-WEIGHT_MAX, WEIGHT_MAX)
        bias = rounded(bias * factor) - (weight * grid.middle.reshape(1, -1, *others)).flatten(1).sum(1)
        return weight, bias, k

    def forward(self, rows: Tensor) -> Tensor:
        """An integer generator's input [B, z_dim + classes] -> images [B, 1, 28, 28] in [-1, 1], before the last rounding."""
        x = rows
        for i in range(len(self.layers)):
            weight, bias, k = self.layer(i)
            sums = applied(Affine(weight, bias), x)
            x = sums * torch.exp2(-k).reshape(1, -1, *[1] * (sums.dim() - 2))
            if i + 1 < len(self.layers):
                x = rounded(F.leaky_relu(x, LEAKY_SLOPE)) + LEAKY_MIDDLE if self.leaky else rounded(x)
                x = x.clamp(0, ACTIVATION_MAX)
            x = shaped(x, self.layers, i)
        return torch.tanh(x / LAST_STEPS).reshape(-1, 1, SIDE, SIDE)

    @torch.no_grad()
    def taught(self, rows: Tensor) -> Tensor:
        """The float generator's images [B, 1, 28, 28] for the same rows."""
        images: Tensor = self.generator(*self.numbers(rows).split([self.z_dim, self.classes], dim=1))
        return images

    def random_rows(self, n: int, source: torch.Generator) -> Tensor:
        """Random z and labels as an integer generator's input, but as floats: [n, z_dim + classes]."""
        z = torch.randn(n, self.z_dim, generator=source).mul_(latents.STEPS).round_().clamp_(-latents.LIMIT, latents.LIMIT)
        label = F.one_hot(torch.randint(max(self.classes, 1), (n,), generator=source), max(self.classes, 1))[:, : self.classes]
        return torch.cat([z + latents.MIDDLE, label * float(latents.WHOLE)], dim=1).to(self.device)

    @torch.no_grad()
    def integers(self) -> IntegerGenerator:
        """The integer generator as learnt so far. Raises UnsoundError."""
        found = (self.layer(i) for i in range(len(self.layers)))
        layers = (Layer(weight.to(torch.int8).cpu(), bias.to(torch.int32).cpu(), k.to(torch.uint8).cpu()) for weight, bias, k in found)
        return IntegerGenerator(self.z_dim, self.classes, self.leaky, tuple(layers))


def distil(student: Student, steps: int = STEPS, seed: int = 0) -> Iterator[float]:
    """Trains the student in place to write what its float generator writes. Yields the loss of each step."""
    source = torch.Generator().manual_seed(seed)
    groups = [
        {"params": [*student.weights, *student.biases], "lr": WEIGHTS_RATE},
        {"params": [*student.steps], "lr": STEPS_RATE},
    ]
    optimizer = torch.optim.Adam(groups, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: max(0.01, min((i + 1) / WARM_UP, 1 - i / steps)))
    for _ in range(steps):
        rows = student.random_rows(BATCH, source)
        images, taught = student(rows), student.taught(rows)
        loss = F.mse_loss(images, taught) + 0.1 * F.l1_loss(images, taught)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        yield loss.item()


def steps_after(images: int) -> int:
    """The number of distillation steps after a run of so many images: STEPS from 640,000 images on, proportionally fewer below."""
    return max(1, min(STEPS, STEPS * images // 640_000))


def shifts(weight: Tensor, bias: Tensor, middle: Tensor) -> Tensor:
    """[out]: for each output, the largest k for which its weights fit into 8 bits and its sums stay within 2^24."""
    flat = weight.flatten(1)
    middles = middle.repeat_interleave(flat.shape[1] // len(middle))
    bias = bias - flat @ middles
    above = ACTIVATION_MAX * flat.clamp(min=0).sum(1) + bias.clamp(min=0)
    below = ACTIVATION_MAX * flat.clamp(max=0).sum(1) + bias.clamp(max=0)
    rounding = 1 + 2 / WEIGHT_MAX  # what the weights' rounding may add to a sum; enough up to 2,000 inputs
    most = torch.maximum(flat.abs().amax(1) / WEIGHT_MAX, torch.maximum(above, -below) * rounding / SUM_LIMIT)
    return torch.floor(-torch.log2(most.clamp(min=2.0**-SHIFT_MAX))).clamp(0, SHIFT_MAX)


def applied(layer: Affine, x: Tensor) -> Tensor:
    return F.linear(x, *layer) if layer.weight.dim() == 2 else F.conv2d(x, *layer, padding=1)


def by_channel(sums: Tensor, layers: Sequence[Affine], i: int) -> Tensor:
    """Layer i's outputs as [n, channels]: all positions and phases in the column of the channel whose step size they share."""
    if sums.dim() == 4:
        return shaped(sums, layers, i).movedim(1, 3).flatten(0, 2)
    if layers[i + 1].weight.dim() == 4:
        return sums.reshape(-1, layers[i + 1].weight.shape[1])
    return sums


def shaped(x: Tensor, layers: Sequence[Affine], i: int) -> Tensor:
    """Layer i's outputs in the shape that the next layer takes."""
    if x.dim() == 4:
        return F.pixel_shuffle(x, 2) if x.shape[2] < SIDE else x
    if i + 1 < len(layers) and layers[i + 1].weight.dim() == 4:
        return x.reshape(-1, SMALL_SIDE, SMALL_SIDE, layers[i + 1].weight.shape[1]).permute(0, 3, 1, 2)
    return x

"""Folded layers are the same function."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.generators import DenseGenerator, Generator
from models.layers import UpsampledConv
from models.networks import Convolutional, Dense, Networks, Refined
from models.pixels import to_uint8
from training.distillation.folding import Affine, fold

KINDS = [
    Dense(),
    Convolutional(),
    Convolutional(hidden=256),
    Convolutional(hidden=64, channels=3, width=10),
    Refined(z_dim=100),
    Refined(z_dim=100, hidden=64, width=96),
]


def lived_in(networks: Networks, classes: int) -> Generator:
    """A generator whose biases and batch norms have values of their own, as after training."""
    torch.manual_seed(0)
    generator = networks.generator(classes)
    for module in generator.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | UpsampledConv):
            assert module.bias is not None
            nn.init.normal_(module.bias, std=0.5)
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 2.0)
            nn.init.normal_(module.bias)
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.1, 3.0)
    return generator.eval()


def inputs(classes: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    return torch.randn(16, 100, dtype=dtype), torch.eye(10, dtype=dtype)[torch.arange(16) % 10][:, :classes]


def written(layers: Sequence[Affine], x: Tensor, leaky: bool) -> Tensor:
    """Rows [B, z_dim + classes] -> images [B, channels, 28, 28]: one layer after the other, with nothing between but activations."""
    for i, (weight, bias) in enumerate(layers):
        if weight.dim() == 4:
            if x.dim() == 2:
                x = x.reshape(len(x), 7, 7, -1).permute(0, 3, 1, 2)
            x = F.conv2d(x, weight, bias, padding=1)
            x = F.pixel_shuffle(x, 2) if x.shape[-1] < 28 else x
        else:
            x = F.linear(x, weight, bias)
        if i + 1 < len(layers):
            x = F.leaky_relu(x, 0.2) if leaky else F.relu(x)
    return torch.tanh(x).reshape(len(x), -1, 28, 28)


@pytest.mark.parametrize("classes", [0, 10])
@pytest.mark.parametrize("networks", KINDS, ids=repr)
def test_folding_is_exact_in_float64(networks: Networks, classes: int) -> None:
    generator = lived_in(networks, classes).double()
    z, label = inputs(classes, torch.float64)
    folded = written(fold(generator), torch.cat([z, label], dim=1), isinstance(generator, DenseGenerator))
    torch.testing.assert_close(folded, generator(z, label), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("networks", KINDS, ids=repr)
def test_folding_moves_no_pixel_by_more_than_a_grey_level(networks: Networks) -> None:
    generator = lived_in(networks, 10)
    z, label = inputs(10, torch.float32)
    folded = written(fold(generator), torch.cat([z, label], dim=1), isinstance(generator, DenseGenerator))
    assert (to_uint8(generator(z, label)).int() - to_uint8(folded).int()).abs().max() <= 1


@pytest.mark.parametrize("networks", KINDS, ids=repr)
def test_folding_leaves_the_generator_as_it_was(networks: Networks) -> None:
    generator = lived_in(networks, 10)
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    for layer in fold(generator):
        layer.weight.zero_()
        layer.bias.zero_()
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_unknown_generator_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot be folded"):
        fold(Generator(4, 0))

"""A folded generator is the same function."""

import pytest
import torch
from torch import nn

from models.folding import fold
from models.generators import Generator
from models.layers import UpsampledConv
from models.networks import Convolutional, Dense, Networks, Refined
from models.pixels import to_uint8

KINDS = [Dense(), Convolutional(), Convolutional(hidden=256), Refined(z_dim=100)]


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


def inputs(classes: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(16, 100, dtype=dtype), torch.eye(10, dtype=dtype)[torch.arange(16) % 10][:, :classes]


@pytest.mark.parametrize("classes", [0, 10])
@pytest.mark.parametrize("networks", KINDS, ids=repr)
def test_folding_is_exact_in_float64(networks: Networks, classes: int) -> None:
    generator = lived_in(networks, classes).double()
    z, label = inputs(classes, torch.float64)
    torch.testing.assert_close(fold(generator)(torch.cat([z, label], dim=1)), generator(z, label), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("networks", KINDS, ids=repr)
def test_folding_moves_no_pixel_by_more_than_a_grey_level(networks: Networks) -> None:
    generator = lived_in(networks, 10)
    z, label = inputs(10, torch.float32)
    before, after = to_uint8(generator(z, label)), to_uint8(fold(generator)(torch.cat([z, label], dim=1)))
    assert (before.int() - after.int()).abs().max() <= 1


@pytest.mark.parametrize("networks", KINDS, ids=repr)
def test_folding_leaves_the_generator_as_it_was(networks: Networks) -> None:
    generator = lived_in(networks, 10)
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    fold(generator).to(torch.bfloat16)
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor, before[name])
        assert tensor.dtype == before[name].dtype

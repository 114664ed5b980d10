"""The networks are those that were published."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.layers import UpsampledConv
from models.networks import Convolutional, Dense, Networks, Projected, Refined


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def statistics(network: nn.Module) -> int:
    return sum(buffer.numel() for name, buffer in network.named_buffers() if "running" in name)


def shapes(network: nn.Module, *inputs: Tensor) -> dict[str, list[int]]:
    """The output shape of every layer, by its name."""
    seen: dict[str, list[int]] = {}
    for name, module in network.named_modules():
        if not list(module.children()):
            module.register_forward_hook(lambda _module, _inputs, output, name=name: seen.update({name: list(output.shape)}))
    network(*inputs)
    return seen


def test_convolutional_pair_has_the_published_parameter_counts() -> None:
    generator, discriminator = Convolutional().generator(0), Convolutional().discriminator(0)
    assert parameters(generator) + statistics(generator) == 6_768_129
    assert statistics(generator) == 14_720
    assert parameters(discriminator) == 1_026_305
    assert statistics(discriminator) == 0


def test_refined_generator_has_the_counts_of_its_docstring() -> None:
    generator = Refined(z_dim=64, hidden=256).generator(10)
    assert parameters(generator) + statistics(generator) == 903_105
    assert statistics(generator) == 6_880


def test_width_counts_the_channels_of_the_small_image_and_half_as_many_follow() -> None:
    found = shapes(Refined(z_dim=64, width=96).generator(0), torch.zeros(2, 64), torch.zeros(2, 0))
    assert found["dense_2"] == [2, 7 * 7 * 96]
    assert found["conv_1"] == [2, 48, 14, 14]
    assert found["conv_2"] == [2, 16, 28, 28]


def test_dense_pair_has_the_counts_of_its_layers() -> None:
    generator, discriminator = Dense().generator(0), Dense().discriminator(0)
    layers = (100 + 1) * 256 + (256 + 1) * 512 + (512 + 1) * 1024 + (1024 + 1) * 784
    assert parameters(generator) + statistics(generator) == layers + 4 * (256 + 512 + 1024)
    assert parameters(discriminator) == (784 + 1) * 512 + (512 + 1) * 256 + 256 + 1


def test_convolutional_shapes_layer_by_layer() -> None:
    assert shapes(Convolutional().generator(0), torch.zeros(2, 100), torch.zeros(2, 0)) == {
        "dense_1": [2, 1024],
        "norm_1": [2, 1024],
        "dense_2": [2, 6272],
        "norm_2": [2, 6272],
        "conv_1": [2, 64, 14, 14],
        "norm_3": [2, 64, 14, 14],
        "conv_2": [2, 1, 28, 28],
    }
    assert shapes(Convolutional().discriminator(0), torch.zeros(2, 1, 28, 28), torch.zeros(2, 0)) == {
        "conv_1": [2, 64, 14, 14],
        "conv_2": [2, 128, 5, 5],
        "dense_1": [2, 256],
        "dropout": [2, 256],
        "dense_2": [2, 1],
    }


@pytest.mark.parametrize("classes", [0, 10])
@pytest.mark.parametrize("networks", [Dense(), Convolutional(), Convolutional(hidden=256), Projected(), Refined(z_dim=100)], ids=repr)
def test_every_pair_maps_z_and_label_to_images_and_images_to_logits(networks: Networks, classes: int) -> None:
    z, label = torch.randn(3, 100), torch.eye(10)[:3, :classes]
    images = networks.generator(classes)(z, label)
    assert images.shape == (3, 1, 28, 28)
    assert images.abs().max() <= 1
    assert networks.discriminator(classes)(images, label).shape == (3,)


def test_projection_discriminator_has_its_parameters_and_its_label_is_an_inner_product() -> None:
    discriminator = Projected().discriminator(10)
    assert parameters(discriminator) == 1_249_729
    assert Projected().generator(10)(torch.randn(3, 100), torch.eye(10)[:3]).shape == (3, 1, 28, 28)
    images, labels = torch.randn(1, 1, 28, 28).expand(3, -1, -1, -1), torch.eye(10)
    mixed = torch.stack([labels[3], labels[8], (labels[3] + labels[8]) / 2])
    three, eight, both = discriminator(images, mixed)
    torch.testing.assert_close(both, (three + eight) / 2)
    assert three != eight


def test_labels_change_what_both_convolutional_networks_say() -> None:
    generator, discriminator = Convolutional().generator(10).eval(), Convolutional().discriminator(10).eval()
    z, labels = torch.randn(1, 100).expand(10, -1), torch.eye(10)
    images = generator(z, labels)
    assert len(images.unique(dim=0)) == 10
    assert len(discriminator(images[:1].expand(10, -1, -1, -1), labels).unique()) == 10


def test_strided_convolution_pads_one_before_and_two_after_as_keras_does() -> None:
    """By hand: with a kernel of ones, output (0, 0) sees rows and columns -1..3, output (13, 13) sees 25..29."""
    discriminator = Convolutional().discriminator(0)
    nn.init.ones_(discriminator.conv_1.weight)
    outputs: list[Tensor] = []
    discriminator.conv_1.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    rows = torch.arange(28.0).view(1, 1, 28, 1).expand(1, 1, 28, 28)  # every pixel holds its row
    discriminator(rows.contiguous(), torch.zeros(1, 0))
    first_column = outputs[0][0, 0, :, 0]
    assert first_column[0] == 4 * (0 + 1 + 2 + 3)  # 4 of 5 columns are inside, rows -1 is padding
    assert first_column[1] == 4 * (1 + 2 + 3 + 4 + 5)
    assert first_column[13] == 4 * (25 + 26 + 27)  # rows 28 and 29 are padding
    assert outputs[0][0, 0, 0, 13] == 3 * (0 + 1 + 2 + 3)  # columns 25, 26, 27
    assert outputs[0][0, 0, 1, 1] == 5 * (1 + 2 + 3 + 4 + 5)


@pytest.mark.parametrize(("in_channels", "out_channels", "height", "width"), [(3, 5, 7, 7), (1, 1, 1, 1), (4, 2, 5, 8)])
def test_upsampled_convolution_equals_the_literal_one_with_its_gradients(
    in_channels: int, out_channels: int, height: int, width: int
) -> None:
    torch.manual_seed(0)
    block = UpsampledConv(in_channels, out_channels).double()
    nn.init.normal_(block.weight)
    nn.init.normal_(block.bias)
    x = torch.randn(2, in_channels, height, width, dtype=torch.float64, requires_grad=True)
    literal = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), block.weight, block.bias, padding=2)
    ours = block(x)
    torch.testing.assert_close(ours, literal, rtol=1e-12, atol=1e-12)
    upstream = torch.randn_like(literal)
    wanted = torch.autograd.grad(literal, [x, block.weight, block.bias], upstream)
    got = torch.autograd.grad(ours, [x, block.weight, block.bias], upstream)
    for ours_gradient, literal_gradient in zip(got, wanted, strict=True):
        torch.testing.assert_close(ours_gradient, literal_gradient, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("networks", [Convolutional(channels=3), Refined(z_dim=100, channels=3)], ids=repr)
def test_images_may_have_three_channels(networks: Networks) -> None:
    images = networks.generator(0)(torch.randn(2, 100), torch.zeros(2, 0))
    assert images.shape == (2, 3, 28, 28)
    assert networks.discriminator(0)(images, torch.zeros(2, 0)).shape == (2,)


def test_weights_begin_glorot_uniform_and_biases_zero() -> None:
    generator = Convolutional().generator(0)
    limit = (6 / (1024 + 6272)) ** 0.5
    assert 0.999 * limit < generator.dense_2.weight.abs().max() <= limit
    assert generator.dense_2.weight.std().item() == pytest.approx(limit / 3**0.5, rel=0.01)
    limit = (6 / (25 * 128 + 25 * 64)) ** 0.5
    assert 0.999 * limit < generator.conv_1.weight.abs().max() <= limit
    assert not generator.conv_1.bias.any()
    assert not generator.dense_2.bias.any()


def test_batch_norm_moves_as_keras_does() -> None:
    """Momentum 0.99: after one batch the running mean is a hundredth of the batch's, in the dense pair a fifth."""
    norm = Convolutional().generator(0).norm_1
    norm(torch.full((4, 1024), 5.0))
    assert norm.running_mean is not None
    assert norm.running_mean[0] == pytest.approx(0.05)
    assert norm.eps == 1e-3
    dense_norm = Dense().generator(0).layers[2]
    assert dense_norm.momentum == pytest.approx(0.2)

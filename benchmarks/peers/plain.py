"""The article's training loop as one writes it down first.

Against ours: eager float32, literal layers, a DataLoader, Adam as torch gives it, discriminator gradients in the generator's
step too, losses read at every step. The steps themselves are the same: half a batch real and half generated, then a whole batch.
"""

from collections.abc import Iterator

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.peers.literal import literal
from models.pixels import to_float
from training.parts.data import Dataset
from training.recipe import Recipe


def steps(recipe: Recipe, dataset: Dataset, batch: int) -> Iterator[int]:
    """The recipe's networks and rates, binary cross-entropy; yields the images seen after each step, without end."""
    generator = literal(recipe.networks.generator(0))
    discriminator = recipe.networks.discriminator(0)
    rates = recipe.optimizer
    generator_optimizer = torch.optim.Adam(generator.parameters(), rates.generator.rate, (rates.generator.beta_1, 0.999))
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), rates.discriminator.rate, (rates.discriminator.beta_1, 0.999))
    loss = nn.BCEWithLogitsLoss()
    loader = DataLoader(TensorDataset(to_float(dataset.images)), batch // 2, shuffle=True, drop_last=True)
    no_label = torch.empty(batch, 0)
    real_or_fake = torch.cat([torch.ones(batch // 2), torch.zeros(batch // 2)])
    seen = 0
    while True:
        for (real,) in loader:
            half = len(real)
            with torch.no_grad():
                fake = generator(torch.randn(half, generator.z_dim), no_label[:half])
            discriminator_optimizer.zero_grad()
            discriminator_loss = loss(discriminator(torch.cat([real, fake]), no_label), real_or_fake)
            discriminator_loss.backward()
            discriminator_optimizer.step()

            z = torch.randn(batch, generator.z_dim)
            generator_optimizer.zero_grad()
            generator_loss = loss(discriminator(generator(z, no_label), no_label), torch.ones(batch))
            generator_loss.backward()
            generator_optimizer.step()
            (discriminator_loss.item(), generator_loss.item())
            seen += batch
            yield seen

"""The training loop, in which the five parts meet. Yields progress; prints nothing, writes nothing.

`Training` is the whole state of a run. A run that is resumed from its `state_dict` computes exactly the numbers that it would have computed
without the interruption (except dropout, if several processes share a batch). It seeds torch's default generator, for initial weights and
dropout, and has another one, for z, the order of the data and augmentation. So nothing else in the process may draw from torch's default
generator while it runs.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from models.device import has_bfloat16
from models.pixels import to_float
from training.parts import styles
from training.parts.data import Batches, Dataset
from training.parts.labels import Labels
from training.parts.optimizers import MovingAverage
from training.parts.styles import Styles
from training.recipe import Recipe
from training.run.processes import ALONE, Processes

CPU = torch.device("cpu")


class RecipeError(Exception):
    """A recipe cannot be used, or does not fit the data or the batch. The message says what to change."""


@dataclass(frozen=True)
class Progress:
    """The mean losses and accuracy of the steps since the last Progress."""

    images: int  # images the discriminator has learnt from, half of them real
    discriminator_loss: float
    generator_loss: float
    accuracy: float  # share of images that the discriminator told apart, 0.5 for guessing


class Step(NamedTuple):
    """The losses and accuracy of one step, as scalars on the device."""

    discriminator_loss: Tensor
    generator_loss: Tensor
    accuracy: Tensor


class Training:
    """One run: both networks, both optimizers, the averaged generator, the random state and the data's order.

    A step is one or more discriminator steps, each on batch / 2 real and batch / 2 generated images, then a generator step on a
    whole batch. It counts as `batch` images for each discriminator step. Each process takes its own rows of every batch.
    `average.snapshot()` is the generator so far. Raises RecipeError if recipe, data and batch do not go together.
    """

    def __init__(
        self,
        recipe: Recipe,
        dataset: Dataset,
        device: torch.device = CPU,
        batch: int = 32,
        seed: int = 0,
        total_images: int = 640_000,
        processes: Processes = ALONE,
    ) -> None:
        if batch // 2 % processes.count:
            raise RecipeError(
                f"Half a batch, {batch // 2} images, cannot be shared by {processes.count} processes: choose another --batch."
            )
        if batch == 2:
            raise RecipeError("A batch of 2 has one generated image, over which no batch norm can average: choose 4 or more.")
        if batch < 2 or batch % 2:
            raise RecipeError(f"A batch of {batch} cannot be halved into real and generated images: choose an even number.")
        if recipe.labels.classes and dataset.classes > recipe.labels.classes and not encodes(recipe.labels, dataset):
            raise RecipeError(
                f"The data has labels up to {dataset.classes - 1}, the recipe has {recipe.labels.classes} classes: "
                f"train with --classes {dataset.classes}."
            )
        halvings = recipe.labels.halvings
        if halvings and (dataset.images.dim() > 3 or halvings > recipe.networks.z_dim):
            raise RecipeError(
                "Styles are told apart in greyscale images only, and each halving needs a column of z: take labels=OneHot(...)."
            )
        torch.manual_seed(seed)
        self.recipe = recipe
        self.dataset = dataset
        self.device = device
        self.processes = processes
        self.seed = seed
        self.batch = batch
        self.images = 0
        self.wall_time_s = 0.0
        self.total_images = total_images
        self.discriminator_steps = 0
        self.autocast = has_bfloat16(device)
        self.precision = "bfloat16" if self.autocast else "float32"
        self.styles = Styles(*map(processes.agreed, styles.find(dataset, halvings).to(device)))
        channels_last = torch.channels_last
        self.generator = recipe.networks.generator(recipe.labels.classes).to(device, memory_format=channels_last)  # type: ignore[call-overload]
        self.discriminator = recipe.networks.discriminator(recipe.labels.columns).to(device, memory_format=channels_last)  # type: ignore[call-overload]
        self.average = MovingAverage(self.generator, recipe.optimizer.average)
        self.generator_optimizer = recipe.optimizer.generator.over(self.generator.parameters())
        self.discriminator_optimizer = recipe.optimizer.discriminator.over(self.discriminator.parameters())
        for network in (self.generator, self.discriminator):
            processes.share_batch_norms(network)
        self.part_randomness()
        self.random = torch.Generator(device).manual_seed(seed)
        self.batches = Batches(dataset._replace(labels=self.styles.codes).to(device), self.random)

    def step(self) -> Step:
        self.generator.train()
        self.set_rates()
        for _ in range(self.recipe.optimizer.discriminator_steps):
            discriminator_loss, accuracy = self.discriminator_step()
        generator_loss = self.generator_step()
        self.average.update()
        self.images += self.batch * self.recipe.optimizer.discriminator_steps
        return Step(discriminator_loss, generator_loss, accuracy)

    def set_rates(self) -> None:
        optimizer, factor = self.recipe.optimizer, self.recipe.optimizer.factor(self.images / self.total_images)
        self.generator_optimizer.param_groups[0]["lr"] = optimizer.generator.rate * factor
        self.discriminator_optimizer.param_groups[0]["lr"] = optimizer.discriminator.rate * factor

    def discriminator_step(self) -> tuple[Tensor, Tensor]:
        real, codes, label = self.draw(self.batch // 2)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            with torch.no_grad():
                fake = self.generate(self.generator, codes, label)
            verdict = self.recipe.loss.discriminator(self.discriminator, real, fake, label, self.discriminator_steps)
        self.discriminator_steps += 1
        self.discriminator_optimizer.zero_grad()
        verdict.loss.backward()
        self.processes.average_gradients(self.discriminator)
        self.discriminator_optimizer.step()
        return verdict.loss.detach(), verdict.accuracy

    def generator_step(self) -> Tensor:
        real, codes, label = self.draw(self.batch)
        self.discriminator.requires_grad_(False)  # its gradients are not needed here, and cost a sixth of the step
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            fake = self.generate(self.generator, codes, label)
            loss = self.recipe.loss.generator(self.discriminator, real, fake, label)
        self.generator_optimizer.zero_grad()
        loss.backward()
        self.processes.average_gradients(self.generator)
        self.generator_optimizer.step()
        self.discriminator.requires_grad_(True)
        return loss.detach()

    def draw(self, n: int) -> tuple[Tensor, Tensor, Tensor]:
        """This process's share of n real images as D sees them, their style codes, and the encoded labels.

        [n / processes, channels, 28, 28], [n / processes] and [n / processes, columns].
        """
        images, codes = (self.processes.mine(rows) for rows in self.batches.take(n))
        return self.seen(to_float(images)), codes, self.recipe.labels.encode(codes)

    def generate(self, generator: nn.Module, codes: Tensor, label: Tensor) -> Tensor:
        """Style codes [n] and encoded labels [n, columns] -> generated images [n, channels, 28, 28] as D sees them.

        z is drawn anew, in the styles' regions.
        """
        z = torch.randn(len(codes) * self.processes.count, self.generator.z_dim, generator=self.random, device=self.device)
        placed = self.styles.place(self.processes.mine(z), codes)
        return self.seen(generator(placed, label[:, : self.generator.classes]).float())

    def seen(self, images: Tensor) -> Tensor:
        """Augments this process's images: [n, channels, 28, 28] -> [n, channels, 28, 28]."""
        augmentation = self.recipe.data.augmentation
        if augmentation is None:
            return images
        drawn = augmentation.draw(len(images) * self.processes.count, self.random)
        return augmentation(images, self.processes.mine(drawn))

    def part_randomness(self) -> None:
        """Seeds torch's default generator, from which dropout draws, differently in each process."""
        if self.processes.count > 1:
            torch.manual_seed(hash((self.seed, self.images, self.processes.rank)) % 2**63)

    def state_dict(self) -> dict[str, Any]:
        return {
            "images": self.images,
            "discriminator_steps": self.discriminator_steps,
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "generator_optimizer": self.generator_optimizer.state_dict(),
            "discriminator_optimizer": self.discriminator_optimizer.state_dict(),
            "average": self.average.state_dict(),
            "batches": self.batches.state_dict(),
            "styles": self.styles._asdict() if self.recipe.labels.halvings else None,
            "random": self.random.get_state(),
            "torch_random": torch.get_rng_state(),
            "cuda_random": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.images = state["images"]
        self.discriminator_steps = state["discriminator_steps"]
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.generator_optimizer.load_state_dict(state["generator_optimizer"])
        self.discriminator_optimizer.load_state_dict(state["discriminator_optimizer"])
        self.average.load_state_dict(state["average"])
        self.batches.load_state_dict(state["batches"])
        if self.recipe.labels.halvings:
            self.styles = Styles(**state["styles"]).to(self.device)
            self.batches.dataset = self.batches.dataset._replace(labels=self.styles.codes)
        self.random.set_state(state["random"])
        torch.set_rng_state(state["torch_random"])
        if state["cuda_random"] is not None:
            torch.cuda.set_rng_state(state["cuda_random"], self.device)
        self.part_randomness()


def encodes(labels: Labels, dataset: Dataset) -> bool:
    """Whether labels of fewer classes than the data's encode it all the same: odd or even, say."""
    try:
        labels.encode((dataset.labels.max() << labels.halvings)[None])
    except (RuntimeError, IndexError):
        return False
    return True


def train(training: Training, steps_each: int = 20) -> Iterator[Progress]:
    """Trains until `training.total_images` images have been seen, and yields the means of every `steps_each` steps.

    Between two yields nothing waits for the device. The loop can be abandoned at any yield without losing anything.
    """
    while training.images < training.total_images:
        steps: list[Tensor] = []
        began = time.monotonic()
        while len(steps) < steps_each and training.images < training.total_images:
            steps.append(torch.stack(training.step()))
        discriminator_loss, generator_loss, accuracy = training.processes.mean(torch.stack(steps).mean(dim=0)).tolist()
        training.wall_time_s += time.monotonic() - began
        yield Progress(training.images, discriminator_loss, generator_loss, accuracy)

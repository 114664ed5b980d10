"""Recipes: every GAN is another one with a part replaced. Knows the parts, not how they are trained.

CGAN = replace(DCGAN, labels=OneHot(10))
"""

from dataclasses import dataclass, fields, is_dataclass, replace

from models.networks import Convolutional, Dense, Networks, Projected, Refined
from training.parts.augmentation import Affine
from training.parts.data import Idx, Source, StackedMnist
from training.parts.labels import Labels, OneHot, Styled, Unlabelled
from training.parts.losses import Loss, NonSaturating, Relativistic
from training.parts.optimizers import Adam, Pair


@dataclass(frozen=True)
class Recipe:
    """Five parts. The difference between two GANs is the line that makes one from the other."""

    networks: Networks
    loss: Loss
    optimizer: Pair
    data: Source
    labels: Labels

    def parts(self) -> dict[str, str]:
        """Each part as the text that makes it: {"loss": "NonSaturating()", ...}."""
        return {name: repr(part) for name, part in vars(self).items()}

    def with_classes(self, classes: int) -> "Recipe":
        """The same for data of so many classes. Without labels it stays as it is, and so do labels that cannot be told their number."""
        labels = self.labels
        if labels.classes in (0, classes) or not is_dataclass(labels) or "classes" not in (field.name for field in fields(labels)):
            return self
        return replace(self, labels=replace(labels, classes=classes))


DENSE = Recipe(
    networks=Dense(z_dim=100),
    loss=NonSaturating(),
    optimizer=Pair(generator=Adam(rate=2e-4, beta_1=0.5), discriminator=Adam(rate=2e-4, beta_1=0.5)),
    data=Idx(),
    labels=Unlabelled(),
)
DCGAN = replace(
    DENSE,
    networks=Convolutional(z_dim=100),
    optimizer=Pair(generator=Adam(rate=2e-4, beta_1=0.5), discriminator=Adam(rate=1e-5, beta_1=0.1)),
)
CGAN = replace(DCGAN, labels=OneHot(10))
STEADY = replace(
    CGAN,
    optimizer=Pair(
        generator=Adam(rate=4e-4, beta_1=0.5, beta_2=0.99),
        discriminator=Adam(rate=4e-4, beta_1=0.5, beta_2=0.99),
        average=0.999,
        falls_from=0.5,
    ),
)
PROJECTED = replace(STEADY, networks=Projected(z_dim=100))
RELATIVISTIC = replace(PROJECTED, loss=Relativistic(penalty=0.1, penalty_each=8))
REFINED = replace(RELATIVISTIC, networks=Refined(z_dim=64, hidden=256))
STYLED = replace(REFINED, labels=Styled(10, halvings=4))
AUGMENTED = replace(STYLED, data=Idx(augmentation=Affine()))
AUGMENTED_LONG = replace(AUGMENTED, optimizer=replace(AUGMENTED.optimizer, average=0.99))
KAKITE = replace(REFINED, optimizer=replace(REFINED.optimizer, discriminator_steps=2, average=0.9995))
STACKED_DCGAN = replace(DCGAN, networks=Convolutional(z_dim=100, channels=3), data=StackedMnist())
STACKED = replace(REFINED, networks=Refined(z_dim=64, hidden=256, channels=3), data=StackedMnist(), labels=Unlabelled())


@dataclass(frozen=True)
class Entry:
    """A recipe in the book, the recipe it was made from, and how long it trains by default."""

    recipe: Recipe
    parent: str | None
    about: str
    total_images: int = 640_000  # the published run: 20,000 iterations of 32
    batch: int = 32


BOOK = {
    "dense": Entry(DENSE, None, "the first article's: pixels are 784 unrelated numbers"),
    "dcgan": Entry(DCGAN, "dense", "the article's: convolutions instead of dense layers"),
    "cgan": Entry(CGAN, "dcgan", "writes the digit it is told to"),
    "steady": Entry(STEADY, "cgan", "both networks learn at one rate, which falls; the generator's weights are averaged", batch=128),
    "projected": Entry(PROJECTED, "steady", "a deeper discriminator, without dropout, that compares features with the label", batch=128),
    "relativistic": Entry(
        RELATIVISTIC, "projected", "real and generated digits are compared in pairs, and D is kept flat there", batch=128
    ),
    "refined": Entry(REFINED, "relativistic", "a generator an eighth the size, which ends with a layer at full size", batch=128),
    "styled": Entry(STYLED, "refined", "the discriminator is told the style, too, and each style has its region of z", batch=128),
    "augmented": Entry(
        AUGMENTED, "styled", "the discriminator sees three images in four turned, stretched, sheared and shifted a little", batch=128
    ),
    "augmented-long": Entry(AUGMENTED_LONG, "augmented", "the same for seven times as many images, with a shorter average", 4_800_000, 128),
    "kakite": Entry(
        KAKITE, "refined", "the service's own: the discriminator learns twice as often, and the average is longer", 6_000_000, 128
    ),
    "stacked-dcgan": Entry(STACKED_DCGAN, "dcgan", "three digits as the colour channels of one image"),
    "stacked": Entry(STACKED, "refined", "the same with the service's own parts, without labels", 2_000_000, 128),
}


def swaps(after: Recipe, before: Recipe) -> list[str]:
    """The differences, one per line: "labels: Unlabelled() -> OneHot(classes=10)". Within a part, only the fields that differ."""
    return [line for name, part in vars(after).items() for line in differences(name, vars(before)[name], part)]


def differences(path: str, before: object, after: object) -> list[str]:
    if before == after:
        return []
    if type(before) is type(after) and is_dataclass(before):
        return [line for name, value in vars(after).items() for line in differences(f"{path}.{name}", vars(before)[name], value)]
    return [f"{path}: {before} -> {after}"]

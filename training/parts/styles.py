"""Styles: the ways in which the data writes each digit, and a region of z for each. Knows no network.

A generator that is given only labels neglects rare forms: two in a hundred of MNIST's ones have a flag and a base, but only three in ten
thousand of the generated ones (docs/parts.md). So the images of each label are split into two halves by similarity, each half again, and
so on. At the i-th split, the half with ink on more pixels gets the values of z_i above a quantile, the other half those below.

In training, each z is drawn from the region of its real image's style, and the discriminator is given that style as well, so every style
must be written. (Liu et al. 2020, "Diverse image generation via self-conditioned GANs", give it a cluster.) The generator is not given the
style. Over all styles z is still normally distributed, and the generator learns which region writes what.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from models.pixels import SIDE
from training.parts.data import Dataset

SMALLEST = 20  # images of a style: what is rarer stays with its neighbours
TRIES = 3  # of k-means, of which the tightest counts
AT_ONCE = 10_000  # images set upright together
SPREAD = 0.35  # to which a digit's ink is scaled: its standard deviation along x and along y, where half a side is 1
ROOT_2 = 2**0.5


class Styles(NamedTuple):
    """The styles of N images: S styles in all, from D halvings. Without halvings, a style is a label."""

    codes: Tensor  # int64 [N], the style of each image: its label * 2**D + the halves it fell into, the first one counting most
    low: Tensor  # float32 [S, D], the quantiles between which a style has its z_i
    high: Tensor  # float32 [S, D]

    def place(self, z: Tensor, codes: Tensor) -> Tensor:
        """Moves normal z [B, z_dim] into the regions of the styles [B]. The first D columns are squeezed, the others stay the same."""
        halvings = self.low.shape[1]
        if not halvings:
            return z
        low, high = self.low[codes], self.high[codes]  # [B, D]
        quantiles = low + (1 + torch.erf(z[:, :halvings] / ROOT_2)) / 2 * (high - low)
        most = 1 - torch.finfo(z.dtype).eps  # the inverse of 1 is infinite
        return torch.cat([torch.erfinv((2 * quantiles - 1).clamp(-most, most)) * ROOT_2, z[:, halvings:]], dim=1)

    def to(self, device: torch.device) -> "Styles":
        return Styles(*(tensor.to(device) for tensor in self))


def find(dataset: Dataset, halvings: int) -> Styles:
    """Finds the styles of a data set. A half that would be too small is not split off, so some codes stay unused.

    The same images and number of threads give the same styles. On another machine sums may be rounded differently, so a run saves its
    styles in its checkpoint.
    """
    labels, images = dataset.labels.cpu(), dataset.images.cpu()
    bounds = (dataset.classes << halvings, halvings)
    found = Styles(labels << halvings, torch.zeros(bounds), torch.ones(bounds))
    if halvings:
        looks = np.concatenate([upright(some) for some in images.split(AT_ONCE)])
        for label in range(dataset.classes):
            halve(looks, np.flatnonzero(labels.numpy() == label), label, 0, found)
    return found


def halve(looks: NDArray[np.float32], group: NDArray[np.int64], path: int, depth: int, found: Styles) -> None:
    """Fills in the styles of a group of images, which have the same label and were halved `depth` times, along `path`."""
    halvings = found.low.shape[1]
    if depth == halvings:
        found.codes[torch.from_numpy(group)] = path
        return
    sparser, fuller = parted(looks, group)
    share = len(sparser) / max(1, len(group))
    below = 2 ** (halvings - depth - 1)  # styles of either half
    start = path * 2 * below
    found.high[start : start + below, depth] = share
    found.low[start + below : start + 2 * below, depth] = share
    halve(looks, sparser, path * 2, depth + 1, found)
    if len(fuller):
        halve(looks, fuller, path * 2 + 1, depth + 1, found)


def parted(looks: NDArray[np.float32], group: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two halves, the one with ink on fewer pixels first. If a half would be too small: the whole group, and an empty one."""
    from sklearn.cluster import KMeans  # here, because it takes two seconds, and few recipes have styles

    if len(group) >= 2 * SMALLEST and np.ptp(looks[group], axis=0).any():
        second = KMeans(2, n_init=TRIES, random_state=0).fit(looks[group]).labels_ == 1
        halves = [group[~second], group[second]]
        if min(map(len, halves)) >= SMALLEST:
            sparser, fuller = sorted(halves, key=lambda half: looks[half].mean(dtype=np.float64))
            return sparser, fuller
    return group, group[:0]


def upright(images: Tensor) -> NDArray[np.float32]:
    """The vectors by which similarity is measured: uint8 [N, 28, 28] -> [N, 196], each of length 1 (a blank image's: 0).

    The digits are centred, made upright, and scaled to the same size, by a factor of 2 at most.

    Position, slant, size and thickness (most of which is in the vector's length) vary most between images of a digit. But they vary
    gradually, and a generator learns them by itself, as directions in z. Styles are the kinds that remain: a 7 with a bar, an open 4.
    """
    ink = images.float() / 255
    at = (torch.arange(SIDE) * 2 + 1) / SIDE - 1  # pixels' middles, as `affine_grid` counts them
    total = ink.sum(dim=(1, 2)).clamp_min(1)  # [N]
    middle_y, middle_x = (ink.sum(dim=2) @ at) / total, (ink.sum(dim=1) @ at) / total
    y, x = at - middle_y[:, None], at - middle_x[:, None]  # [N, 28]
    both = torch.einsum("nij,ni,nj->n", ink, y, x) / total
    rows = (torch.einsum("nij,ni->n", ink, y.square()) / total).clamp_min(1e-3)
    slant = both / rows
    columns = torch.einsum("nij,nj->n", ink, x.square()) / total - slant * both
    tall, wide = ((variance.clamp_min(1e-4).sqrt() / SPREAD).clamp(0.5, 2) for variance in (rows, columns))  # else a 1 became a 0
    zero = torch.zeros_like(slant)
    grid = torch.stack([wide, slant * tall, middle_x, zero, tall, middle_y], dim=1).reshape(-1, 2, 3)
    standing = F.grid_sample(ink[:, None], F.affine_grid(grid, [len(ink), 1, SIDE, SIDE], align_corners=False), align_corners=False)
    return F.normalize(F.avg_pool2d(standing, 2).flatten(1)).numpy()

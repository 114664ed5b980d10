"""Tells blots of ink from dust, and where they lie. Knows no picture."""

import numpy as np
from numpy.typing import NDArray

from app.digits.ink import Real

Mask = NDArray[np.bool_]

INK = 0.2  # of the full ink: less counts as none where a digit's edges are sought
DUST = 0.04  # of the largest blot: smaller ones are dust
COARSE = 96  # pixels of the longer side where blots are told apart


def without_dust(ink: Real) -> Real:
    """Only the blots that are not much smaller than the largest; of those that touch the border, only if there is no other."""
    step = -(-max(ink.shape) // COARSE)
    height, width = (-(-side // step) for side in ink.shape)
    padded = np.pad(ink, ((0, height * step - ink.shape[0]), (0, width * step - ink.shape[1])))
    cells = padded.reshape(height, step, width, step)
    of = blots(cells.max(axis=(1, 3)) >= INK)  # [height, width], 0: none
    mass = np.bincount(of.ravel(), cells.sum(axis=(1, 3)).ravel())
    mass[0] = 0
    kept = mass >= DUST * mass.max()
    border = np.unique(np.concatenate([of[0], of[-1], of[:, 0], of[:, -1]]))
    inside = kept.copy()
    inside[border] = False
    if mass[inside].sum() > DUST * mass.sum():
        kept = inside & (mass >= DUST * mass[inside].max())
    kept[0] = False
    shown = kept[of].repeat(step, axis=0).repeat(step, axis=1)[: ink.shape[0], : ink.shape[1]]
    return np.where(shown, ink, 0) if kept.any() else ink


def blots(there: Mask) -> NDArray[np.int64]:
    """Numbers what hangs together, also by corners, from 1: [height, width]; 0 where nothing is."""
    parents = [0]
    numbers = np.zeros(there.shape, np.int64)

    def root(i: int) -> int:
        while parents[i] != i:
            parents[i] = parents[parents[i]]
            i = parents[i]
        return i

    above: list[tuple[int, int, int]] = []  # start, end and number of each run of the row before
    for y, row in enumerate(there):
        changes = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0)).tolist()
        runs = []
        for start, end in zip(changes[::2], changes[1::2], strict=True):
            touched = [root(number) for first, last, number in above if first <= end and start <= last]
            number = min(touched, default=len(parents))
            if not touched:
                parents.append(number)
            for other in touched:
                parents[other] = number
            numbers[y, start:end] = number
            runs.append((start, end, number))
        above = runs
    return np.array([root(i) for i in range(len(parents))])[numbers]


def extent(there: Mask) -> tuple[slice, slice]:
    """The rows and columns from the first to the last with ink."""
    rows, columns = (np.flatnonzero(there.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)

"""The scores of a set of digits, generated or real. Knows what was measured, not how."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.measuring import measures

IN_PIXELS = "_in_pixels"  # ends the names of scores that are of pixels


@dataclass(frozen=True)
class Scores:
    """The scores of a set of digits. Those of the real test digits are called floors.

    A floor is not a lower bound: the test digits are fewer than the generated ones, and by other writers than the training digits.
    """

    digits: int  # n, of which the next ones are
    in_pixels: bool  # whether Fréchet distance and manifold are of pixels, not of a judge's features
    frechet: float
    manifold: measures.Manifold
    histogram: NDArray[np.float64] | None  # [classes], share of each as the judge reads them; None without a judge
    divergence: float | None  # of that histogram from the training digits', in nats
    confusion: NDArray[np.float64] | None  # [classes, classes]; None without labels or judge, as are the next ones
    label_agreement: float | None
    misread: measures.Misread | None
    lessons: int | None  # digits that each pupil was taught by; None without pupils, as are the examinations
    examinations: tuple[float, ...] | None  # what each pupil reads right of the test digits
    sand: measures.Sand
    watched: NDArray[np.int64]  # [m], in 0..n-1
    nearest: measures.Nearest  # the training digits nearest to these m

    @property
    def examined(self) -> float | None:
        """The mean of the examinations."""
        return float(np.mean(self.examinations)) if self.examinations else None

    @property
    def examined_spread(self) -> float | None:
        """The standard deviation of the examinations, from pupil to pupil."""
        return float(np.std(self.examinations, ddof=1)) if self.examinations and len(self.examinations) > 1 else None

    def numbers(self) -> dict[str, float | None]:
        """The scores that are single numbers. None: not measured."""
        space = IN_PIXELS if self.in_pixels else ""
        numbers = {
            f"frechet{space}": self.frechet,
            **{f"{name}{space}": number for name, number in self.manifold._asdict().items()},
            "histogram_kl": self.divergence,
            "label_agreement": self.label_agreement,
            "train_on_synthetic": self.examined,
            "train_on_synthetic_spread": self.examined_spread,
            "sand": self.sand.ink,
            "specks_per_digit": self.sand.specks,
            "nearest_training": float(np.median(self.nearest.distances)),
            "digits": self.digits,
            "pupils": len(self.examinations) if self.examinations else None,
            "lessons": self.lessons,
        }
        return {name: None if number is None or not np.isfinite(number) else round(number, 5) for name, number in numbers.items()}

    def headline(self) -> dict[str, float]:
        """The single numbers that were measured."""
        return {name: number for name, number in self.numbers().items() if number is not None}

    def document(self) -> dict[str, Any]:
        """All scores, as JSON values. Digits are identified by their index, which for generated ones is the seed."""
        return {
            **self.numbers(),
            "histogram": None if self.histogram is None else self.histogram.tolist(),
            "confusion": None if self.confusion is None else self.confusion.tolist(),
            "misread": None if self.misread is None else {name: column.tolist() for name, column in self.misread._asdict().items()},
            "examinations": self.examinations,
            "watched": self.watched.tolist(),
            "nearest_training_distances": self.nearest.distances.tolist(),
            "nearest_training_indices": self.nearest.indices.tolist(),
        }

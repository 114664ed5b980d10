"""A classifier that has seen nothing but the service: /dataset as a PyTorch IterableDataset, page by page, no file in between.

python examples/train_a_classifier.py [URL] [digits for training]
"""

import io
import sys
from collections.abc import Iterator

import httpx
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

PAGE = 2_000


class Digits(IterableDataset[tuple[Tensor, int]]):
    """Digits of the seeds first_seed to first_seed + n - 1, asked for in parts: any part is the same whoever asks."""

    def __init__(self, url: str, n: int, first_seed: int = 0) -> None:
        self.url, self.n, self.first_seed = url, n, first_seed

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        with httpx.Client(base_url=self.url, timeout=300) as client:
            for first in range(self.first_seed, self.first_seed + self.n, PAGE):
                n = min(PAGE, self.first_seed + self.n - first)
                asked = {"n": n, "first_seed": first, "format": "npz", "label": "seed"}
                arrays = np.load(io.BytesIO(client.get("/dataset", params=asked).raise_for_status().content))
                images = torch.from_numpy(arrays["images"]).float().div(255).unsqueeze(1)  # [n, 1, 28, 28]
                yield from zip(images, arrays["labels"].tolist(), strict=True)


def main(url: str, n: int) -> float:
    torch.manual_seed(0)
    classifier = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(),  # -> [B, 16, 14, 14]
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),  # -> [B, 32, 7, 7]
        nn.Flatten(), nn.Linear(32 * 7 * 7, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(classifier.parameters(), 2e-3)
    for images, labels in DataLoader(Digits(url, n), batch_size=64):
        loss = nn.functional.cross_entropy(classifier(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    right = [
        (classifier(images).argmax(1) == labels).float().mean().item()
        for images, labels in DataLoader(Digits(url, 1_000, first_seed=10_000_000), batch_size=500)
    ]
    accuracy = sum(right) / len(right)
    print(f"{n:,} digits learnt from; of 1,000 others it reads {accuracy:.1%}")
    return accuracy


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000", int(sys.argv[2]) if len(sys.argv) > 2 else 20_000)

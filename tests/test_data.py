"""A data folder is whole and means what it says, or it is refused with a sentence; the stream shows every image once a pass."""

import gzip
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from training.parts.data import Batches, DataError, Idx, StackedMnist


def idx(values: Any) -> bytes:
    array: NDArray[np.uint8] = np.asarray(values, np.uint8)
    return struct.pack(f">{1 + array.ndim}i", 0x0800 + array.ndim, *array.shape) + array.tobytes()


def test_real_digits_are_read(data: Path) -> None:
    dataset = Idx().read(data, "test")
    assert dataset.images.shape == (400, 28, 28)
    assert dataset.images.dtype == torch.uint8
    assert dataset.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert dataset.classes == 10


def test_unpacked_files_are_read_the_same(data: Path) -> None:
    packed = Idx().read(data)
    for file in list(data.glob("*.gz")):
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
        file.unlink()
    unpacked = Idx().read(data)
    assert torch.equal(packed.images, unpacked.images)
    assert packed.sha256 == unpacked.sha256


def test_prefixed_names_and_62_labels_are_read_as_emnist_has_them(tmp_path: Path) -> None:
    (tmp_path / "emnist-byclass-train-images-idx3-ubyte").write_bytes(idx(np.zeros((62, 28, 28))))
    (tmp_path / "emnist-byclass-train-labels-idx1-ubyte").write_bytes(idx(range(62)))
    assert Idx().read(tmp_path).classes == 62


def test_all_of_mnist_is_known_by_its_checksum(mnist: Path) -> None:
    dataset = Idx().read(mnist)
    assert dataset.name == "MNIST"
    assert len(dataset.images) == 60_000


IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({}, "has no train-images-idx3-ubyte"),
        ({IMAGES: idx(np.zeros((2, 28, 28)))}, "has no train-labels-idx1-ubyte"),
        ({IMAGES: idx(np.zeros((2, 28, 28))), LABELS: idx([1])}, "holds 2 images, but train-labels-idx1-ubyte holds 1 labels"),
        ({IMAGES: idx(np.zeros((2, 28, 28)))[:-1], LABELS: idx([1, 2])}, "is truncated: 1583 bytes, where its header promises 1584"),
        ({IMAGES: idx(np.zeros((2, 28, 28))) + b"x", LABELS: idx([1, 2])}, "is too long"),
        ({IMAGES: idx([1, 2]), LABELS: idx([1, 2])}, "is no IDX file of 3 dimensions: it begins with 00000801, not 00000803"),
        ({IMAGES: b"\x89PNG", LABELS: idx([1, 2])}, "is no IDX file"),
        ({IMAGES: idx(np.zeros((2, 32, 32))), LABELS: idx([1, 2])}, "images of 32x32 pixels; 28x28 is needed"),
        ({IMAGES: idx(np.zeros((0, 28, 28))), LABELS: idx([])}, "holds no image"),
        ({IMAGES: idx(np.zeros((2, 28, 28))), LABELS: idx([1, 62])}, "holds the label 62; labels from 0 to 61 are known"),
        ({IMAGES + ".gz": gzip.compress(idx(np.zeros((2, 28, 28))))[:-9], LABELS: idx([1, 2])}, "no whole gzip file"),
        ({IMAGES + ".gz": b"not gzip", LABELS: idx([1, 2])}, "no whole gzip file"),
        ({f"{p}-{IMAGES}": b"" for p in "ab"}, "has several sets"),
    ],
)
def test_unusable_folder_is_refused_by_file_and_cause(tmp_path: Path, files: dict[str, bytes], complaint: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=complaint) as caught:
        Idx().read(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_missing_folder_says_how_to_get_mnist(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="python -m training data"):
        Idx().read(tmp_path / "nowhere")


def test_each_pass_shows_every_image_once_in_another_order(data: Path) -> None:
    dataset = Idx().read(data)
    dataset = dataset._replace(labels=torch.arange(400))
    batches = Batches(dataset, torch.Generator().manual_seed(0))
    passes = [[int(label) for _ in range(25) for label in batches.take(16)[1]] for _ in range(2)]
    for order in passes:
        assert Counter(order) == Counter(range(400))
    assert passes[0] != passes[1]


def test_step_larger_than_the_data_is_refused(data: Path) -> None:
    batches = Batches(Idx().read(data), torch.Generator())
    with pytest.raises(DataError, match="takes 512 images, but the data set holds 400"):
        batches.take(512)


def test_stacks_hold_three_digits_and_are_labelled_with_their_number(data: Path) -> None:
    single, stacked = Idx().read(data), StackedMnist(stacks=1000).read(data)
    assert stacked.images.shape == (1000, 3, 28, 28)
    assert stacked.name == f"stacked {single.name}"
    first = stacked.images[0]
    found = [int(single.labels[(single.images == digit).all(dim=(1, 2)).nonzero()[0, 0]]) for digit in first]
    assert stacked.labels[0] == 100 * found[0] + 10 * found[1] + found[2]
    assert torch.equal(StackedMnist(stacks=1000).read(data).images, stacked.images)
    assert len(stacked.labels.unique()) > 500

"""What cannot be used as images is refused with a sentence: what is there, what is allowed, what to do."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.own_images import class_folders, drawn, idx, parquet, png
from training.parts.data import DataError, Idx

LABELS = [0, 1, 2] * 10
IMAGES = drawn(LABELS)


def file_of(content: bytes, name: str = "mine") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def idx_of(images: bytes, labels: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / "train-images-idx3-ubyte").write_bytes(images)
        (folder / "train-labels-idx1-ubyte").write_bytes(labels)
        return folder

    return make


def npz_of(**arrays: Any) -> Callable[[Path], Path]:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file_of(file.getvalue())


def zip_of(contents: dict[str, bytes]) -> Callable[[Path], Path]:
    return file_of(zip_bytes(contents))


def zip_bytes(contents: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return file.getvalue()


def npy_head(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue()


HUGE = struct.pack(">BBBBIII", 0, 0, 8, 3, 1, 2**31, 2**31)
REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "huge idx": (idx_of(HUGE, idx([1])), r"promises 4,611,686,018,427,387,920 bytes; at most"),
    "huge empty idx": (idx_of(struct.pack(">BBBBIII", 0, 0, 8, 3, 0, 2**31, 2**31), idx([])), "at most 2,147,483,648 are read"),
    "large promise": (idx_of(struct.pack(">BBBBIII", 0, 0, 8, 3, 2**21, 28, 28) + b"x", idx([1])), "is truncated: 17 bytes"),
    "float idx": (idx_of(idx(np.zeros((1, 28, 28)), "f4"), idx([1])), "holds 32-bit floats; bytes are needed"),
    "integer idx": (idx_of(idx(IMAGES), idx(LABELS, "i4")), "holds 32-bit integers; bytes are needed"),
    "empty idx": (idx_of(b"", idx([1])), "train-images-idx3-ubyte is empty"),
    "one idx file": (file_of(idx(IMAGES)), "is one IDX file; images and labels lie in two. Name their folder"),
    "one array": (file_of(b"\x93NUMPY\1\0"), "is one array, without labels"),
    "no known arrays": (npz_of(a=IMAGES, b=LABELS), "has the arrays a, b; images and labels are known as x_train and y_train, or"),
    "float npz": (npz_of(images=IMAGES / 255, labels=LABELS), "images in .*mine holds 64-bit floats; bytes are needed"),
    "large numbers": (npz_of(images=IMAGES.astype(int) * 3, labels=LABELS), "holds numbers from 0 to 297; 0 for paper to 255 for ink"),
    "colour npz": (npz_of(images=IMAGES[:, None].repeat(3, 1), labels=LABELS), r"the shape \(30, 3, 28, 28\); greyscale images"),
    "objects": (npz_of(images=IMAGES, labels=np.array([{}, []], object)), "labels in .* holds Python objects, which are not read"),
    "too few labels": (npz_of(images=IMAGES, labels=LABELS[:-1]), "30 images, but 29 labels"),
    "no images": (npz_of(images=IMAGES[:0], labels=np.array([], int)), "holds no image"),
    "lying npz": (zip_of({"images.npy": npy_head((2**40, 28, 28)), "labels.npy": b""}), "has 0 bytes, which are no"),
    "unclosed npz": (zip_of({"images.npy": npy_head((1, 28, 28)).replace(b"}", b"("), "labels.npy": b""}), "is no whole npz file"),
    "broken npz": (zip_of({"images.npy": b"\x93NUMPY", "labels.npy": b""}), "is no whole npz file"),
    "32x32": (npz_of(images=drawn(LABELS, 32), labels=LABELS), "images of 32x32 pixels; 28x28 is needed: --resize scales them, --pad"),
    "many classes": (npz_of(images=drawn(range(63)), labels=range(63)), "63 classes; at most 62"),
    "empty csv": (file_of(b"", "mine.csv"), "is empty"),
    "csv of a header": (file_of(b"label," + b",".join([b"p"] * 784), "mine.csv"), "holds no image"),
    "no label": (file_of(b",".join([b"p"] * 785) + b"\n", "mine.csv"), "a header without a column called label"),
    "no square": (file_of(b"1,2,3\n"), "has 3 columns: a label and 2 pixels, which are no square"),
    "large pixel": (file_of(b"1,2,3,4,5\n1,2,3,4,256\n"), r"not a label and 4 numbers from 0 to 255 \(could not convert string '256'"),
    "short row": (file_of(b"1,2,3,4,5\n1,2,3\n"), "has a row that is not a label and 4 numbers"),
    "binary": (file_of(b"\x7fELF\0\0\0"), "is nothing that is read. Name IDX, npz, CSV or Parquet files"),
    "one picture": (file_of(png(IMAGES[0])), "is nothing that is read"),
    "prose": (file_of(b"Dear reader,\nthis is a letter.\n"), "a header without a column called label"),
    "pictures alone": (zip_of({"a.png": png(IMAGES[0])}), "holds pictures, but no folder for each class"),
    "broken picture": (zip_of({"0/a.png": png(IMAGES[0]), "0/b.png": png(IMAGES[1])[:90]}), r"mine/0/b\.png is no whole picture"),
    "text as picture": (zip_of({"0/a.png": png(IMAGES[0]), "0/b.txt": b"hello"}), r"mine/0/b\.txt is no whole picture; PNG, JPEG"),
    "lost picture": (zip_of({"labels.csv": b"file,label\na.png,3\n"}), r"mine/a\.png does not exist"),
    "table leads out": (zip_of({"labels.csv": b"file,label\n../a.png,3\n"}), r"names \.\./a\.png, which is no file of its folder"),
    "zip leads out": (zip_of({"../a.png": b"x"}), r"would write \.\./a\.png, outside"),
    "zip leads to the root": (zip_of({"/etc/a.png": b"x"}), "would write /etc/a.png, outside"),
    "zip without a name": (file_of(zip_bytes({"?": b"x"}).replace(b"?", b"\0")), "is no whole ZIP"),
    "empty zip": (zip_of({}), "nothing else that is read: IDX"),
    "broken zip": (file_of(b"PK\3\4" + b"x" * 100), "is no whole ZIP"),
    "unnamed class": (lambda folder: parquet(folder / "mine", IMAGES, [-1, *LABELS[1:]], "abc"), "labels besides the 3 classes"),
    "label and none": (lambda folder: parquet(folder / "mine", IMAGES, [None, *LABELS[1:]]), "neither all whole numbers nor all words"),
    "no image column": (lambda folder: parquet(folder / "mine", IMAGES, LABELS, image="x"), "has the columns x, label; one called image"),
    "broken parquet": (file_of(b"PAR1" + b"x" * 100), "is no whole Parquet file"),
}


@pytest.mark.parametrize(("make", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path, make: Callable[[Path], Path], complaint: str) -> None:
    path = make(tmp_path)
    with pytest.raises(DataError, match=complaint):
        Idx().read(path)


def test_class_without_training_images_is_refused_when_it_is_tested(tmp_path: Path) -> None:
    class_folders(tmp_path / "train", IMAGES[:3], ["a", "b", "c"])
    class_folders(tmp_path / "test", IMAGES[:3], ["a", "b", "d"])
    assert Idx().read(tmp_path).class_names == ("a", "b", "c")
    with pytest.raises(DataError, match="test images of the class d, and no training images"):
        Idx().read(tmp_path, "test")


@pytest.mark.parametrize("limit", ["LIMIT_FILES", "LIMIT_BYTES"])
def test_zip_that_is_too_large_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(f"training.data.archives.{limit}", 1)
    with pytest.raises(DataError, match="unpacks to 2 files of 10 bytes; at most"):
        Idx().read(zip_of({"a": b"12345", "b": b"12345"})(tmp_path))


def test_parquet_without_pyarrow_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = parquet(tmp_path / "mine", IMAGES, LABELS)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match="is Parquet, which needs pyarrow: pip install pyarrow"):
        Idx().read(file)

"""Images are read in the form in which people have them: the same images are the same data set in every form."""

import gzip
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.own_images import class_folders, drawn, idx, idx_folder, packed, parquet, table
from training.data.fit import Fit
from training.parts.data import DataError, Dataset, Idx

LABELS = [0, 1, 2] * 10  # the last 6 are the test images
TEST = 6
IMAGES = drawn(LABELS)
SORTED = sorted(range(24), key=LABELS.__getitem__)  # the training images in the order of class folders


def torchvision(folder: Path) -> Path:
    idx_folder(folder / "FashionMNIST" / "raw", IMAGES, LABELS, TEST)
    return folder


def badly_named(folder: Path) -> Path:
    """Packed without .gz, and unpacked with it."""
    for file in idx_folder(folder, IMAGES, LABELS, TEST).iterdir():
        content = file.read_bytes()
        if "images" in file.name:
            file.rename(file.with_suffix(""))
        else:
            file.write_bytes(gzip.decompress(content))
    return folder


def qmnist(folder: Path) -> Path:
    for stem, rows in (("train", slice(0, -TEST)), ("test", slice(-TEST, None))):
        more = [[label, 1, 2, 3, 4, 5, 6, -1] for label in LABELS[rows]]
        (folder / f"qmnist-{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES[rows])))
        (folder / f"qmnist-{stem}-labels-idx2-int.gz").write_bytes(gzip.compress(idx(more, "i4")))
    return folder


def keras(folder: Path) -> Path:
    train, test = slice(0, -TEST), slice(-TEST, None)
    arrays: dict[str, Any] = {"x_train": IMAGES[train], "y_train": LABELS[train], "x_test": IMAGES[test], "y_test": LABELS[test]}
    np.savez_compressed(folder / "mnist.npz", **arrays)
    return folder / "mnist.npz"


def kmnist(folder: Path) -> Path:
    for stem, rows in (("train", slice(0, -TEST)), ("test", slice(-TEST, None))):
        np.savez_compressed(folder / f"k49-{stem}-imgs.npz", IMAGES[rows])
        np.savez_compressed(folder / f"k49-{stem}-labels.npz", np.array(LABELS[rows], np.uint8))
    return folder


def kaggle(folder: Path) -> Path:
    table(folder / "train.csv", IMAGES[:-TEST], LABELS[:-TEST], header=True)
    table(folder / "test.csv", IMAGES[-TEST:], LABELS[-TEST:], header=True)
    (folder / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")
    return folder


def emnist_csv(folder: Path) -> Path:
    table(folder / "emnist-mnist-train.csv", IMAGES[:-TEST], LABELS[:-TEST], header=False)
    table(folder / "emnist-mnist-test.csv", IMAGES[-TEST:], LABELS[-TEST:], header=False)
    return folder


def hugging_face(folder: Path) -> Path:
    (folder / "data").mkdir()
    parquet(folder / "data" / "train-00000-of-00002.parquet", IMAGES[:10], LABELS[:10])
    parquet(folder / "data" / "train-00001-of-00002.parquet", IMAGES[10:-TEST], LABELS[10:-TEST])
    parquet(folder / "data" / "test-00000-of-00001.parquet", IMAGES[-TEST:], LABELS[-TEST:])
    return folder


def zipped(form: Callable[[Path], Path]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / "inside").mkdir()
        form(folder / "inside")
        return packed(folder / "images.zip", folder)

    return make


FORMS = [torchvision, badly_named, qmnist, keras, kmnist, kaggle, emnist_csv, hugging_face]


@pytest.mark.parametrize("form", [*FORMS, *map(zipped, FORMS)], ids=[f"{kind}{form.__name__}" for kind in ("", "zip-") for form in FORMS])
def test_same_images_are_the_same_data_set_in_every_form(tmp_path: Path, form: Callable[[Path], Path]) -> None:
    path = form(tmp_path)
    train, test = Idx().read(path), Idx().read(path, "test")
    np.testing.assert_array_equal(train.images, IMAGES[:-TEST])
    np.testing.assert_array_equal(test.images, IMAGES[-TEST:])
    assert train.labels.tolist() == LABELS[:-TEST]
    assert test.labels.tolist() == LABELS[-TEST:]
    assert train.class_names == test.class_names == ("0", "1", "2")
    assert train.sha256 == hashlib.sha256(idx(IMAGES[:-TEST])).hexdigest()


@pytest.mark.parametrize("split", [("train", "test"), ("training", "testing")])
@pytest.mark.parametrize("wrapped", [False, True])
def test_class_folders_below_train_and_test_are_read_in_the_order_of_their_names(
    tmp_path: Path, split: tuple[str, str], wrapped: bool
) -> None:
    folder = tmp_path / "mine"
    class_folders(folder / split[0], IMAGES[:-TEST], LABELS[:-TEST])
    class_folders(folder / split[1], IMAGES[-TEST:], LABELS[-TEST:])
    (folder / split[0] / "0" / ".DS_Store").write_bytes(b"\0")
    path = packed(tmp_path / "mine.zip", folder) if wrapped else folder
    train = Idx().read(path)
    np.testing.assert_array_equal(train.images, IMAGES[SORTED])
    assert train.labels.tolist() == sorted(LABELS[:-TEST])
    assert train.name == "mine"
    assert len(Idx().read(path, "test").images) == TEST


@pytest.mark.parametrize("below", ["", "raw"])
def test_torchvisions_folder_is_called_after_the_data_set(tmp_path: Path, below: str) -> None:
    torchvision(tmp_path)
    assert Idx().read(tmp_path).name == "FashionMNIST"
    assert Idx().read(tmp_path / "FashionMNIST" / below).name == "FashionMNIST"


def test_torchvisions_folder_with_several_sets_asks_for_one(tmp_path: Path) -> None:
    torchvision(tmp_path)
    idx_folder(tmp_path / "KMNIST" / "raw", IMAGES, LABELS, TEST)
    with pytest.raises(DataError, match=r"several sets \(FashionMNIST, KMNIST\)\. Name one"):
        Idx().read(tmp_path)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["idx", "npz", "zip", "folders", "parquet", "parquet-png"])
async def test_services_own_data_sets_are_read_in_every_format(client: httpx.AsyncClient, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "digits"
    file.write_bytes((await client.get(f"/dataset?n=70&first_seed=50&label=3&label=8&format={kind}")).content)
    train, test = Idx().read(file), Idx().read(file, "test")
    arrays = np.load(io.BytesIO((await client.get("/dataset?n=70&first_seed=50&label=3&label=8&format=npz")).content))
    assert (len(train.images), len(test.images)) == (60, 10)
    assert train.class_names == ("3", "8")
    order = np.argsort(arrays["labels"], kind="stable") if kind == "folders" else np.arange(70)
    np.testing.assert_array_equal(np.sort(train.labels.numpy()), [0] * 30 + [1] * 30)
    if kind != "folders":
        np.testing.assert_array_equal(train.images, arrays["images"][order][:60])
        np.testing.assert_array_equal(np.array([3, 8])[train.labels], arrays["labels"][:60])


def test_last_seventh_of_each_class_is_held_back_where_there_is_no_test_split(tmp_path: Path) -> None:
    labels = ["b"] * 14 + ["a"] * 20 + ["c"] * 3
    images = drawn(range(37))
    file = table(tmp_path / "mine.csv", images, labels, header=True)
    train, test = Idx().read(file), Idx().read(file, "test")
    assert test.images[:, 0, 0].tolist() == [12, 13, 32, 33]
    assert test.labels.tolist() == [1, 1, 0, 0]
    assert sorted([*train.images[:, 0, 0].tolist(), *test.images[:, 0, 0].tolist()]) == list(range(37))
    assert train.about == "CSV; the last seventh of each class is held back for testing"


def test_too_few_images_to_hold_some_back_are_told_when_test_images_are_asked_for(tmp_path: Path) -> None:
    file = table(tmp_path / "mine.csv", IMAGES[:3], [0, 1, 2], header=True)
    assert len(Idx().read(file).images) == 3
    with pytest.raises(DataError, match="no test images, and no class has seven"):
        Idx().read(file, "test")


def test_kaggles_test_file_without_labels_is_left_out(tmp_path: Path) -> None:
    kaggle(tmp_path)
    lines = (tmp_path / "test.csv").read_text().splitlines()
    (tmp_path / "test.csv").write_text("\n".join(line.partition(",")[2] for line in lines))
    assert "held back" in Idx().read(tmp_path).about


def test_labels_are_numbered_from_0_and_keep_their_names(tmp_path: Path) -> None:
    """EMNIST's letters have the labels 1 to 26."""
    labels = [*range(1, 27)] * 2
    dataset = Idx().read(idx_folder(tmp_path, drawn(labels), labels, 26), "test")
    assert dataset.labels.tolist() == list(range(26))
    assert dataset.class_names == tuple(map(str, range(1, 27)))


def test_folders_called_by_numbers_are_ordered_by_value(tmp_path: Path) -> None:
    labels = ["10", "2", "x", "1"]
    assert Idx().read(class_folders(tmp_path, drawn(range(4)), labels)).class_names == ("1", "2", "10", "x")


def test_names_of_classes_are_read_where_parquet_tells_them(tmp_path: Path) -> None:
    names = ["T-shirt", "Trouser", "Pullover"]
    assert Idx().read(parquet(tmp_path / "clothes.parquet", IMAGES, LABELS, names)).class_names == tuple(names)


def read_pictures(folder: Path, contents: dict[str, bytes], **fit: bool) -> Dataset:
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return Idx().read(folder, "train", Fit(**fit))


def test_colours_palettes_and_depths_become_grey(tmp_path: Path) -> None:
    grey = Image.fromarray(IMAGES[0])
    deep = Image.fromarray(IMAGES[0].astype(np.uint16) * 257)
    contents = {}
    for name, picture in {"rgb": grey.convert("RGB"), "palette": grey.convert("P"), "deep": deep, "grey": grey}.items():
        file = io.BytesIO()
        picture.save(file, "PNG")
        contents[f"a/{name}"] = file.getvalue()
    for image in read_pictures(tmp_path, contents).images:
        np.testing.assert_array_equal(image, IMAGES[0])


def test_transparent_pictures_lie_on_white(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (28, 28), (0, 0, 0, 0)).save(file, "PNG")
    assert read_pictures(tmp_path, {"a/a.png": file.getvalue()}).images.min() == 255


def test_what_is_done_to_images_changes_their_checksum_and_is_told(tmp_path: Path) -> None:
    path = keras(tmp_path)
    plain, turned = Idx().read(path), Idx().read(path, "train", Fit(transpose=True))
    assert plain.sha256 != turned.sha256
    assert turned.about == "Keras npz; transposed"


def test_unpacked_files_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    folder = tmp_path / "inside"
    folder.mkdir()
    assert len(Idx().read(packed(tmp_path / "a.zip", emnist_csv(folder))).images) == 24
    assert not list((tmp_path / "temporary").iterdir())


def test_path_that_is_a_zip_in_a_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    folder = emnist_csv(tmp_path / "inside")
    (tmp_path / "outside").mkdir()
    packed(tmp_path / "outside" / "archive.zip", folder)
    assert Idx().read(tmp_path / "outside").name == "archive"


def test_idx_files_without_test_files_have_some_held_back(tmp_path: Path) -> None:
    for file in list(idx_folder(tmp_path, IMAGES, LABELS, 0).glob("t10k*")):
        file.unlink()
    assert (len(Idx().read(tmp_path).images), len(Idx().read(tmp_path, "test").images)) == (27, 3)


@pytest.mark.parametrize(
    ("named", "class_names"), [(("A", "B", "C"), ("A", "B", "C")), (("A", "B", ""), ("0", "1", "2")), ((), ("0", "1", "2"))]
)
def test_table_of_pictures_tells_what_classes_are_called(named: tuple[str, ...], class_names: tuple[str, ...], tmp_path: Path) -> None:
    for i, image in enumerate(IMAGES):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    head = ["file,label,class_name" if named else "file,label"]
    rows = [f"{i}.png,{label}" + (f",{named[label]}" if named else "") for i, label in enumerate(LABELS)]
    (tmp_path / "labels.csv").write_text("\n".join(head + rows))
    assert Idx().read(tmp_path).class_names == class_names

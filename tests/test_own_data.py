"""Images that people bring are shown, trained on, evaluated and served by the commands that a new user types, classes by their names."""

import gzip
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.main import create_app
from app.settings import Settings
from models import load, weights
from models.pixels import Pixels
from tests.command_line import run
from tests.own_images import class_folders, drawn, idx, idx_folder

N, TEST = 780, 260  # images, and how many of them are for testing: as few as can be evaluated
LETTERS = string.ascii_uppercase


def strokes(labels: Sequence[int]) -> Pixels:
    """Bright bars on dark paper, one place for each class, so that classes can be learnt."""
    images = drawn(labels) // 4
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(label, 6)
        image[3 + 4 * row : 7 + 4 * row, 2 + 4 * column : 8 + 4 * column] = 255
    return images


def fashion(folder: Path) -> Path:
    """Fashion-MNIST, as torchvision leaves it."""
    labels = np.resize(range(10), N).tolist()
    idx_folder(folder / "FashionMNIST" / "raw", strokes(labels), labels, TEST)
    return folder


def kmnist(folder: Path) -> Path:
    labels = np.resize(range(10), N)
    for stem, rows in (("train", slice(0, -TEST)), ("test", slice(-TEST, None))):
        np.savez_compressed(folder / f"kmnist-{stem}-imgs.npz", strokes(labels.tolist())[rows])
        np.savez_compressed(folder / f"kmnist-{stem}-labels.npz", labels[rows].astype(np.uint8))
    return folder


def emnist_letters(folder: Path) -> Path:
    """Labels 1 to 26, images that lie on their sides, and the file that maps labels to characters."""
    labels = np.resize(range(26), N).tolist()
    images = strokes(labels).swapaxes(1, 2)
    for stem, rows in (("train", slice(0, -TEST)), ("test", slice(-TEST, None))):
        (folder / f"emnist-letters-{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[rows])))
        (folder / f"emnist-letters-{stem}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.array(labels[rows]) + 1)))
    lines = [f"{i + 1} {ord(capital)} {ord(capital.lower())}" for i, capital in enumerate(LETTERS)]
    (folder / "emnist-letters-mapping.txt").write_text("\n".join(lines) + "\n")
    return folder


def pictures(folder: Path) -> Path:
    """Dark ink on white paper, 32x32, a folder for each class: 1,820 pictures, of which the last seventh is held back."""
    labels = np.resize(range(2), 7 * 260).tolist()
    bordered = 255 - np.pad(strokes(labels), ((0, 0), (2, 2), (2, 2)))
    return class_folders(folder / "pieces", bordered, [("bishop", "rook")[label] for label in labels])


# What makes the data, the options that it needs, its classes' names in the card, and where a picture of the first class has ink.
SETS: dict[str, tuple[Callable[[Path], Path], tuple[str, ...], tuple[str, ...]]] = {
    "fashion": (fashion, (), ()),
    "kmnist": (kmnist, ("--names", "お,き,す,つ,な,は,ま,や,れ,を"), tuple("おきすつなはまやれを")),
    "letters": (emnist_letters, ("--transpose",), tuple(LETTERS)),
    "pieces": (pictures, ("--invert", "--resize"), ("bishop", "rook")),
}


@pytest.mark.anyio
@pytest.mark.parametrize("name", SETS)
async def test_own_images_are_shown_trained_evaluated_and_served(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make, options, class_names = SETS[name]
    monkeypatch.chdir(tmp_path)
    (folder := tmp_path / "images").mkdir()
    data = make(folder)
    assert run("data", data, *options) == 0
    shown = capsys.readouterr().out
    assert all(called in shown for called in class_names)

    assert run("train", "refined", "--data", data, *options, "--images", "128", "--batch", "32", "--name", name, "--device", "cpu") == 0
    assert "Warning" not in capsys.readouterr().out  # every class of the model has images
    file = Path("runs") / name / f"{name}.safetensors"
    card = weights.load(file).card
    assert card.data.class_names == class_names
    assert card.network.classes == len(class_names or range(10))

    fit = [option for option in options if option in ("--transpose", "--invert", "--resize")]
    assert run("evaluate", file, "--data", data, *fit, "--digits", "256", "--lessons", "256", "--pupils", "1", "--json") == 0
    told = capsys.readouterr()
    assert "The judge does not know" in told.err  # it reads digits, and says so of all else
    assert "frechet_in_pixels" in told.out
    assert '"train_on_synthetic": 0.' in told.out  # pupils learn from any images

    weights_folder = tmp_path / "weights"
    weights_folder.mkdir()
    (weights_folder / file.name).write_bytes(file.read_bytes())
    app = create_app(Settings(weights=weights_folder, model=name, access_log=False))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        about: dict[str, Any] = (await client.get(f"/models/{name}")).json()
        assert tuple(about["data"]["class_names"]) == class_names
        last = class_names[-1] if class_names else 9
        answer = await client.post("/generate", json={"seed": 7, "label": last}, headers={"accept": "image/png"})
        assert answer.status_code == 200
        same = await client.post("/generate", json={"seed": 7, "label": card.network.classes - 1}, headers={"accept": "image/png"})
        assert same.content == answer.content
    assert load(file)(seeds=[7], labels=card.network.classes - 1).shape == (1, 28, 28)


def test_judge_of_own_images_reads_what_the_generator_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder := tmp_path / "images").mkdir()
    data = emnist_letters(folder)
    assert run("judge", "--data", data, "--transpose", "--epochs", "20", "--out", "letters-judge.safetensors", "--device", "cpu") == 0
    assert run("train", "refined", "--data", data, "--transpose", "--images", "64", "--batch", "16", "--name", "letters") == 0
    capsys.readouterr()
    weights_file = Path("runs/letters/letters.safetensors")
    evaluate = ("evaluate", weights_file, "--data", data, "--transpose", "--digits", "256", "--pupils", "0")
    assert run(*evaluate, "--judge", "letters-judge.safetensors") == 0
    told = capsys.readouterr()
    assert "does not know" not in told.err
    assert "label agreement" in told.out
    assert "share of Z" in told.out
    assert "in pixels" not in told.out


def test_judge_of_digits_is_not_replaced_by_one_of_other_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = emnist_letters(tmp_path)
    assert run("judge", "--data", data, "--transpose", "--epochs", "1") == 1
    assert "is the judge of digits" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ("A,B,C", "has 26 classes, but --names gives 3. Give one for each class"),
        (LETTERS[:25] + "A", "gives 26, 25 of them different"),
        ("", "has 26 classes, but --names gives 0"),
    ],
)
def test_names_are_one_for_each_class(names: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("data", emnist_letters(tmp_path), "--transpose", "--names", names, "--out", tmp_path / "data.png") == 1
    assert sentence in capsys.readouterr().err


def test_names_lie_in_a_file_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "names.txt").write_text("\n".join(f"letter {c}" for c in LETTERS))
    (data := tmp_path / "images").mkdir()
    arguments = ("data", emnist_letters(data), "--transpose", "--names", tmp_path / "names.txt", "--out", tmp_path / "data.png")
    assert run(*arguments) == 0
    assert "letter Q" in capsys.readouterr().out
    (tmp_path / "names.txt").write_bytes(b"\xff\xfe")
    assert run(*arguments) == 1
    assert "names.txt is not text" in capsys.readouterr().err


def test_classes_that_have_no_image_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data := tmp_path / "images").mkdir()
    arguments = ("train", "refined", "--data", emnist_letters(data), "--transpose", "--images", "16", "--batch", "16", "--device", "cpu")
    assert run(*arguments, "--classes", "27", "--out", tmp_path / "run") == 0
    assert "Warning: 1 of the 27 classes have no image" in capsys.readouterr().out
    assert run(*arguments, "--classes", "25", "--out", tmp_path / "other") == 1
    assert "train with --classes 26" in capsys.readouterr().err

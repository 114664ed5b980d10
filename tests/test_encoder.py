"""An encoder reads hands: it learns through the generator, belongs to its weights alone, and a damaged file is told."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from models import encoder, latents, load, tensors, weights
from models.cards import FOLDER, DataCard, EncoderCard
from models.encoder import Encoder, HandReader
from models.hands import UNKNOWN
from models.pixels import to_uint8
from models.smooth import SmoothGenerator
from models.weights import WeightsError, digest
from tests.command_line import run, size

KAKITE = FOLDER / "kakite.safetensors"


@pytest.fixture(scope="module")
def kakite() -> weights.Weights:
    return weights.load(KAKITE)


def card_for(loaded: weights.Weights, **changes: object) -> EncoderCard:
    card = EncoderCard(
        model="kakite",
        tensors_sha256=loaded.tensors_sha256,
        z_dim=64,
        classes=10,
        width=4,
        hidden=16,
        batch=64,
        seed=0,
        images_seen=0,
        wall_time_s=0,
        machine="",
        torch="",
        data=DataCard(name="MNIST", images=0, sha256=""),
    )
    return card.model_copy(update=changes)


@pytest.mark.parametrize("name", ["kakite", "dense", "cgan"])
def test_generator_without_rounding_writes_nearly_what_is_served(name: str) -> None:
    generator = weights.load_served(FOLDER / f"{name}.safetensors")[1]
    drawn = latents.draw(0, 32, generator.z_dim, generator.classes)
    z, label = (torch.from_numpy(part) for part in (latents.as_numbers(drawn.z), latents.one_hot(drawn.label, generator.classes) / 255.0))
    smooth = to_uint8(SmoothGenerator(generator)(z, label.float())).numpy()
    assert np.abs(smooth.astype(int) - load(name)(seeds=range(32))).mean() < 1


def test_rows_are_read_alone_as_in_a_batch_and_labels_are_found_where_they_are_unknown() -> None:
    torch.manual_seed(0)
    reader = HandReader(Encoder(64, 10, 4, 16))
    rows = np.random.default_rng(0).integers(0, 256, (5, 785), np.uint8)
    rows[:, -1] = [3, UNKNOWN, 9, UNKNOWN, 0]
    read = reader(rows)
    assert read.shape == (5, 66)
    assert read[[0, 2, 4], 64].tolist() == [3, 9, 0]
    assert (read[:, :64] * 32 == np.rint(read[:, :64] * 32)).all()  # on the grid, so that it can be asked for
    assert ((read[:, 65] >= 0) & (read[:, 65] <= 1)).all()
    assert np.abs(np.concatenate([reader(row[None]) for row in rows])[:, :64] - read[:, :64]).max() <= 1 / 32
    told = rows[1:2].copy()
    told[0, -1] = read[1, 64]
    assert reader(told).tolist() == read[1:2].tolist()


def test_file_gives_back_what_was_saved_and_belongs_to_its_weights_alone(kakite: weights.Weights, tmp_path: Path) -> None:
    torch.manual_seed(0)
    file = tmp_path / "kakite.encoder.safetensors"
    assert encoder.load(file, kakite) is None
    encoder.save(file, Encoder(64, 10, 4, 16), card_for(kakite))
    card, found = encoder.load(file, kakite) or pytest.fail("it is there")
    assert card == card_for(kakite)
    assert not found.training
    with pytest.raises(WeightsError, match="reads hands for other weights than those of dense"):
        encoder.load(file, weights.load(FOLDER / "dense.safetensors"))
    whole = file.read_bytes()
    for damaged in (b"", whole[:-1], whole[:3000] + b"?" + whole[3001:], KAKITE.read_bytes()):
        file.write_bytes(damaged)
        with pytest.raises(WeightsError, match="python -m training encoder kakite"):
            encoder.load(file, kakite)


def test_command_trains_measures_and_draws(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(KAKITE, tmp_path)
    file, picture = tmp_path / "kakite.encoder.safetensors", tmp_path / "hands.png"
    command = ("encoder", tmp_path / KAKITE.name, "--steps", "3", "--width", "4", "--hidden", "16", "--data", data, "--picture", picture)
    assert run(*command) == 0
    assert "test read back as asked" in capsys.readouterr().out
    card, _ = encoder.load(file, weights.load(KAKITE)) or pytest.fail("it was written")
    assert card.images_seen == 192
    assert 0 <= card.scores["test_all_digits_as_asked"] <= 1
    assert size(picture) == (10 * 28 * 3, 10 * 28 * 3)
    first = tensors.read(file).tensors
    assert run(*command) == 0
    assert digest(tensors.read(file).tensors) == digest(first)  # the same seed


def test_model_without_labels_has_no_hand(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("encoder", "dense", "--data", data) == 1
    assert "has no labels" in capsys.readouterr().err

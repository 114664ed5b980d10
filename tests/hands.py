"""Pictures of handwriting, made of real digits, and an encoder that has learnt nothing, for tests that only need one to be there."""

import io
import shutil
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from models import encoder, weights
from models.cards import FOLDER, DataCard, EncoderCard
from models.encoder import Encoder
from models.pixels import Pixels

BLUE, CREAM = (30, 50, 150), (245, 235, 205)
FIGURES = {  # on 600x800 pixels
    2: [(190, 260), (250, 170), (370, 180), (390, 300), (190, 600), (430, 590)],
    4: [(330, 600), (330, 150), (170, 450), (440, 450)],
    7: [(180, 180), (420, 180), (260, 620)],
}


def stand_in(folder: Path, model: str = "kakite") -> Path:
    """A folder with that model, and an encoder for it that has learnt nothing."""
    shutil.copy(FOLDER / f"{model}.safetensors", folder)
    loaded = weights.load(folder / f"{model}.safetensors")
    network = loaded.card.network
    card = EncoderCard(
        model=model,
        tensors_sha256=loaded.tensors_sha256,
        z_dim=network.z_dim,
        classes=network.classes,
        width=4,
        hidden=32,
        batch=64,
        seed=0,
        images_seen=0,
        wall_time_s=0,
        machine="a test",
        torch=torch.__version__,
        data=DataCard(name="none", images=0, sha256=""),
    )
    torch.manual_seed(0)
    encoder.save(folder / f"{model}.encoder.safetensors", Encoder(card.z_dim, card.classes, card.width, card.hidden), card)
    return folder


def magnified(digit: Pixels, scale: int, angle: float = 0) -> NDArray[np.float64]:
    """How much ink a pen leaves, 0 to 1: [28 * scale, 28 * scale]."""
    large = Image.fromarray(digit).resize((28 * scale, 28 * scale), Image.Resampling.BICUBIC).point(lambda level: 255 * (level >= 110))
    return np.asarray(large.filter(ImageFilter.GaussianBlur(1.5)).rotate(angle, Image.Resampling.BICUBIC)) / 255


def photograph(
    digit: Pixels,
    ink: tuple[int, int, int] = BLUE,
    paper: tuple[int, int, int] = CREAM,
    grain: float = 6,
    shade: float = 0.35,
    specks: int = 0,
    scale: int = 14,
    angle: float = 0,
) -> Image.Image:
    """A digit somewhere on a note of 600x800 pixels, with light that falls off to the lower right, grain, and JPEG's traces."""
    rng = np.random.default_rng(7)
    inked = np.zeros((800, 600, 1))
    y, x = 150, 600 - 28 * scale - 60
    inked[y : y + 28 * scale, x : x + 28 * scale, 0] = magnified(digit, scale, angle)
    light = 1 - shade * np.linspace(0, 1, 600) - 0.7 * shade * np.linspace(0, 1, 800)[:, None]
    colours = (inked * ink + (1 - inked) * paper) * light[..., None] + rng.normal(0, grain, (800, 600, 3))
    picture = Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))
    for left, top in rng.integers(5, 595, (specks, 2)).tolist():
        ImageDraw.Draw(picture).ellipse((left, top, left + 4, top + 4), fill=ink)
    with Image.open(io.BytesIO(encoded(picture, "JPEG", quality=70))) as image:
        return image.copy()


def drawn(label: int, width: int, mode: str = "RGB") -> Image.Image:
    """A digit of straight lines, as a mouse draws it; RGBA: on nothing."""
    picture = Image.new(mode, (600, 800), "white" if mode != "RGBA" else (0, 0, 0, 0))
    ImageDraw.Draw(picture).line(FIGURES[label], fill=20 if mode == "L" else (20, 20, 20), width=width, joint="curve")
    return picture


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()

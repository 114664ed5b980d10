"""The command `encoder`: trains the encoder that reads hands for a model, measures it, and draws what it reads."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from models import device, encoder, hands, weights
from models.cards import DataCard, EncoderCard
from models.encoder import Encoder, HandReader
from models.integers import IntegerGenerator
from models.interruption import INTERRUPTED
from models.latents import Latents
from models.pixels import Pixels
from models.smooth import SmoothGenerator
from training.cli.places import data_folder, fit, weights_file
from training.cli.scoring import SPLITS, that_knows
from training.hands import learning, measuring
from training.measuring.classifier import ClassifierError
from training.measuring.sampling import write
from training.parts.data import Idx
from training.pictures import report

PICTURE = Path("evaluation/hands.png")
MEASURED = 2000  # digits of each kind
SHOWN = 50  # of them, each above what is written back
COLUMNS = 10


def train_encoder(options: Namespace, console: Console) -> int:
    path = weights_file(options.weights)
    loaded, generator, _ = weights.load_served(path)
    name, classes = loaded.card.name, generator.classes
    if not classes:
        raise weights.WeightsError(f"{path} has no labels, so it cannot write another digit in the same hand. Choose a model with labels.")
    training, test = (Idx().read(data_folder(options.data), split, fit(options)) for split in SPLITS)
    cpu = torch.device("cpu")
    if (judge := that_knows(test, options, cpu)) is None or not max(training.classes, test.classes) <= classes <= judge.count:
        raise ClassifierError(
            f"An encoder for {name} learns by images of its {classes} classes, and by a judge that knows them all: --data PATH --judge FILE"
        )
    torch.manual_seed(options.seed)
    learner = Encoder(generator.z_dim, classes, options.width, options.hidden)
    seconds = 0.0
    try:
        with Progress(console=console, disable=not console.is_terminal) as bar:
            lessons = learning.learn(learner, SmoothGenerator(generator), judge, training, options.steps, options.seed)
            for losses in bar.track(lessons, total=options.steps, description=f"encoder of {name}"):
                seconds += losses.seconds
    except KeyboardInterrupt:
        console.print("Interrupted; nothing was written.")
        return INTERRUPTED
    reader = HandReader(learner)
    written, written_labels = measuring.generated(generator, MEASURED)
    digits, labels = test.images.numpy()[:MEASURED], test.labels.numpy()[:MEASURED]
    scores = {
        f"{kind}_{key}": value
        for kind, (images, told) in {"generated": (written, written_labels), "test": (digits, labels)}.items()
        for key, value in measuring.scores(reader, generator, judge, images, told).items()
    }
    card = EncoderCard(
        model=name,
        tensors_sha256=loaded.tensors_sha256,
        z_dim=generator.z_dim,
        classes=classes,
        width=options.width,
        hidden=options.hidden,
        batch=learning.BATCH,
        seed=options.seed,
        images_seen=options.steps * learning.BATCH,
        wall_time_s=round(seconds, 1),
        machine=device.describe(cpu),
        torch=torch.__version__,
        data=DataCard(name=training.name, images=len(training.images), sha256=training.sha256),
        scores=scores,
    )
    out = options.out or encoder.file_beside(path)
    encoder.save(out, learner, card)
    report.write_sheet(options.picture, pairs(reader, generator, digits[:SHOWN], labels[:SHOWN]), COLUMNS, scale=3)
    for key, value in scores.items():
        console.print(f"{key.replace('_', ' '):32} {value}")
    console.print(f"Encoder  {out}\nPicture  {options.picture} (digits, and below each what is written back)")
    return 0


def pairs(reader: HandReader, generator: IntegerGenerator, digits: Pixels, labels: NDArray[np.int64]) -> Pixels:
    """Rows of digits, and below each row what is written back."""
    back = write(generator, Latents(hands.read(reader(hands.rows(digits, labels))).z, labels))
    return np.concatenate([rows[i : i + COLUMNS] for i in range(0, len(digits), COLUMNS) for rows in (digits, back)])

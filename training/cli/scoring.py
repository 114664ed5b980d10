"""The commands that measure generators, and the one that trains their judge. They print tables or JSON, and write pictures."""

import json
import sys
import time
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from models import device, latents, weights
from models.generators import Generator
from training.cli import commands, tables
from training.cli.places import data_folder, fit, weights_file
from training.measuring import classifier, evaluate, judge, stacked
from training.measuring.measures import sand
from training.measuring.sampling import write
from training.measuring.scores import Scores
from training.parts.data import Dataset, Idx, Split
from training.pictures import report
from training.run.folder import Folder
from training.run.loop import RecipeError

SHOWN = 64
SPLITS: tuple[Split, Split] = ("train", "test")
TAUGHT = {key + end for key in ("train_on_synthetic", "train_on_synthetic_spread", "pupils", "lessons") for end in ("", tables.REAL)}


def train_judge(options: Namespace, console: Console) -> int:
    where = device.choose(options.device)
    folder, began = data_folder(options.data), time.monotonic()
    training, test = (Idx().read(folder, split, fit(options)) for split in SPLITS)
    if training.name != "MNIST" and options.out == judge.FILE:
        raise classifier.ClassifierError(
            f"{judge.FILE} is the judge of digits, and {training.name} is other data: name another file, "
            f"--out {training.name}-judge.safetensors say, and give it to evaluate: --judge FILE"
        )
    trained = judge.new(options.seed, training.classes)
    with Progress(console=console) as bar:
        task = bar.add_task("judge", total=1.0)
        for done in classifier.teach(trained, training, where, options.epochs, options.seed, smoothing=judge.SMOOTHING):
            bar.update(task, completed=done)
    accuracy = classifier.accuracy(trained, test)
    card = {
        "test_accuracy": accuracy,
        "epochs": options.epochs,
        "seed": options.seed,
        "data": training.name,
        "machine": device.describe(where),
        "torch": torch.__version__,
        "wall_time_s": round(time.monotonic() - began, 1),
    }
    judge.save(options.out, trained, card)
    console.print(f"{accuracy:.2%} of {len(test.images):,} test digits are read right. The judge lies in {options.out}")
    return 0


def compare(options: Namespace, console: Console) -> int:
    columns: dict[str, dict[str, float]] = {}
    contestants = titled(options.weights)
    digits = Idx().read(data_folder(options.data), "test", fit(options)).images.numpy()
    measured = sand(digits)
    real = {"sand": measured.ink, "specks_per_digit": measured.specks}
    captioned = []
    for title, (_, loaded) in contestants.items():
        drawn = latents.draw(0, SHOWN, loaded.generator.z_dim, loaded.generator.classes)
        scores = loaded.card.scores
        columns[title] = scores
        real |= {key.removesuffix(tables.REAL): value for key, value in scores.items() if key.endswith(tables.REAL)}
        told = f"{scores['specks_per_digit']:.2f} specks a digit" if "specks_per_digit" in scores else ""
        captioned.append((title, told, write(loaded.generator, drawn)))
    captioned.append(("real digits", f"{measured.specks:.2f} specks a digit", digits[:SHOWN]))
    report.write_comparison(options.out, captioned)
    for table in tables.in_width(console, lambda some: tables.side_by_side(some, real), columns):
        console.print(table, "")
    console.print("Scores are the cards'; a dash needs labels, or is not measured yet: python -m training evaluate NAME --write")
    console.print(f"Picture: {options.out}")
    return 0


def score(options: Namespace, console: Console) -> int:
    folder, where = data_folder(options.data), device.choose(options.device)
    contestants = titled(options.weights)
    for path, loaded in contestants.values():
        if options.write and (told := loaded.card.scores.get("digits", 0)) > options.digits:
            raise weights.WeightsError(
                f"The card in {path} tells scores of {told:,.0f} digits: write those of as many, or leave out --write."
            )
    labelled = any(loaded.generator.classes for _, loaded in contestants.values())
    protocol = evaluate.Protocol(options.digits, options.lessons, options.pupils if labelled else 0)
    training, test = (Idx().read(folder, split, fit(options)) for split in SPLITS)
    reader = that_knows(test, options, where)
    bench = evaluate.Bench(reader, training, test, protocol, where)
    print("Real digits ..." if reader else "Real images ...", file=sys.stderr)
    real = bench.real
    columns = {}
    for title, (path, loaded) in contestants.items():
        print(f"{title} ...", file=sys.stderr)
        generator = loaded.generator
        scores, images = bench.generated(generator.to(where) if isinstance(generator, Generator) else generator)
        columns[title] = scores
        stem = title.replace("/", "_")
        report.write_closest(options.out / f"{stem}-closest.png", images[scores.watched], scores.nearest, bench.training)
        if scores.misread is not None:
            report.write_misread(options.out / f"{stem}-misread.png", images, scores.misread)
        if options.write:
            taught = {} if scores.examinations else {key: loaded.card.scores[key] for key in TAUGHT & loaded.card.scores.keys()}
            weights.rewrite_card(path, scores=taught | for_card(scores, bench))
    report.write_distances(options.out / "nearest.png", {**columns, "real test digits": real})
    if options.json:
        print(json.dumps(document(bench, columns, where), allow_nan=False))
        return 0
    headlines = {name: scores.headline() for name, scores in columns.items()}
    of_real = real.headline()
    for table in tables.in_width(console, lambda some: tables.side_by_side(some, of_real), headlines):
        console.print(table, "")
    for table in tables.in_width(console, lambda some: tables.details(some, real, bench.names), columns):
        console.print(table, "")
    for name, scores in columns.items():
        if confusion := tables.agreement(name, scores, bench.names):
            console.print(confusion, "")
    console.print(f"Between two halves of the training digits the Fréchet distance is {bench.halves:.4f}.")
    console.print(tables.EXPLAINED if reader else f"{tables.EXPLAINED}\n{tables.IN_PIXELS}")
    console.print(f"Pictures: {options.out} (the ten closest pairs, then the closest of each digit; below each the training digit;")
    console.print("of models with labels also digits that are misread: asked for, then read)")
    return 0


def that_knows(test: Dataset, options: Namespace, where: torch.device) -> judge.Judge | None:
    """The judge, if it knows such images; else None, after saying so and how to train one that does."""
    reader = judge.load(options.judge).to(where)
    if test.classes <= reader.count:
        if (right := classifier.accuracy(reader, test)) >= evaluate.KNOWS:
            return reader
        cause = f"reads {right:.0%} of them right"
    else:
        cause = f"knows {reader.count} classes of the {test.classes}"
    print(
        f"The judge does not know the images of {test.name}: it {cause}. So they are compared by their pixels, and nobody reads them. "
        f"To have a judge of them: python -m training judge --data PATH --out FILE; then: evaluate --judge FILE",
        file=sys.stderr,
    )
    return None


def for_card(scores: Scores, bench: evaluate.Bench) -> dict[str, float]:
    """The scores for a card: the generator's, and beside each the same score of real digits."""
    own = scores.headline()
    floors = {f"{key}{tables.REAL}": value for key, value in bench.real.headline().items() if key in own}
    return own | floors | {"frechet_between_halves": round(bench.halves, 5)}


def titled(names: list[str]) -> dict[str, tuple[Path, weights.Weights]]:
    """Loaded weights by the title of their column: the file's stem, or its path if two files have the same stem.

    Raises WeightsError for a file that cannot be loaded, and for a generator of several channels.
    """
    paths = list(dict.fromkeys(map(weights_file, names)))
    alike = len({path.stem for path in paths}) < len(paths)
    found = {str(path) if alike else path.stem: (path, weights.load(path)) for path in paths}
    for path, loaded in found.values():
        if (channels := loaded.card.network.channels) != 1:
            raise weights.WeightsError(f"{path} makes images of {channels} channels, which are measured by: python -m training stacked")
    return found


def document(bench: evaluate.Bench, columns: dict[str, Scores], where: torch.device) -> dict[str, Any]:
    """Everything that `evaluate` measured, as JSON for programs."""
    return {
        "protocol": asdict(bench.protocol),
        "machine": device.describe(where),
        "torch": torch.__version__,
        "data": bench.training.name,
        "frechet_between_halves": bench.halves,
        "models": {name: scores.document() for name, scores in columns.items()},
        "real": bench.real.document(),
    }


def cover(options: Namespace, console: Console) -> int:
    """Trains both stacked recipes, unless their weights exist already, and counts the modes that each covers."""
    table = Table("", "modes of 1,000", "KL (nats)", "images seen", "trained in (min)", box=None, padding=(0, 2, 0, 0))
    where = device.choose(options.device)
    reader, digits = judge.load(options.judge).to(where), Idx().read(data_folder(options.data), "train", fit(options))
    for name in stacked.RECIPES:
        folder = Folder(Path("runs") / name, name)
        if not folder.trained.exists():
            run = {
                "recipe": name,
                "resume": folder.checkpoint.exists(),
                "name": None,
                "out": None,
                "classes": None,
                "batch": None,
                "names": None,
            }
            if stopped := commands.train(Namespace(**vars(options) | run), console):
                console.print("Here that is: python -m training stacked")
                return stopped
        loaded = weights.load(folder.trained)
        card = loaded.card
        if card.seed != options.seed or options.images not in (None, card.images_seen):
            raise RecipeError(
                f"{folder.root} holds a run of seed {card.seed} and {card.images_seen:,} images: move it away, or ask for that one."
            )
        assert isinstance(loaded.generator, Generator)
        modes = stacked.modes(loaded.generator.to(where), reader, digits)
        table.add_row(name, str(modes.covered), f"{modes.divergence:.3f}", f"{card.images_seen:,}", f"{card.wall_time_s / 60:.0f}")
    perfect = stacked.perfect(digits)
    table.add_row("a perfect sampler", str(perfect.covered), f"{perfect.divergence:.3f}", "", "")
    for name, covered, divergence in stacked.PUBLISHED:
        table.add_row(name, covered, divergence, "", "")
    console.print(table)
    console.print(f"{stacked.SAMPLES:,} samples; a mode is what the judge reads in the three channels. Published: Lin et al. 2018, PacGAN.")
    return 0

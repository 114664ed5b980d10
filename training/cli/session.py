"""Runs the training loop with its progress bar, TensorBoard, checkpoints and pictures, and writes the float weights file at the end.

All files are in one folder. A run that is killed loses at most a minute of work.
"""

import hashlib
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from torch.utils.tensorboard import SummaryWriter

from models import weights
from models.networks import is_described
from training.cli.progress_bar import progress_bar
from training.cli.signals import stop_signals
from training.measuring.sampling import first_look
from training.pictures import report, samples
from training.run import checkpoint
from training.run.card import card
from training.run.checkpoint import CheckpointError
from training.run.folder import Folder
from training.run.loop import Progress, Training, train
from training.run.processes import launch

CHECKPOINT_S = 45.0
SHEETS = 40  # a run leaves this many sheets behind


@dataclass(frozen=True)
class Plan:
    """What a run is called, its folder, and whether it continues an earlier one."""

    name: str
    folder: Folder
    resume: bool
    restarted: bool = False  # by torchrun, after it lost a process


def run(plan: Plan, training: Training, console: Console) -> Path | None:
    """Trains to the end and returns the float weights file. None if the run was interrupted (after writing a checkpoint), if another
    process writes the file, or if no card can describe the generator."""
    folder = plan.folder
    known_by = identity(training)
    history: list[Progress] = []
    there = folder.checkpoint.exists()
    own = plan.restarted and there and checkpoint.load(folder.checkpoint, known_by).get("launch") == launch()  # begun before the restart
    if there and not plan.resume and not own:
        raise CheckpointError(f"{folder.root} already holds a run. Go on with it by --resume, or choose another one by --name or --out.")
    if own or (plan.resume and not (plan.restarted and not there)):
        state = checkpoint.load(folder.checkpoint, known_by)
        check_total(folder.checkpoint, state, training)
        training.load_state_dict(state["training"])
        history = [Progress(**row) for row in state["history"]]
        training.wall_time_s = state["wall_time_s"]
        console.print(f"Resumed at {training.images:,} images from {folder.checkpoint}")

    def save() -> None:
        rows = [asdict(row) for row in history]
        state = {"training": training.state_dict(), "history": rows, "wall_time_s": training.wall_time_s, "launch": launch()}
        state["total_images"] = training.total_images
        checkpoint.save(folder.checkpoint, known_by, state)

    processes = training.processes
    next_sheet = sheet_due(training.images, training.total_images)
    saved_at = -math.inf  # at once, so that whatever stops the run, there is something to go on from
    if not processes.first:
        follow(training)
        return None
    with (
        stop_signals() as asked,
        SummaryWriter(str(folder.root), purge_step=training.images + 1 if plan.resume else None) as board,
        progress_bar(console, plan.name, training.images, training.total_images) as show,
    ):
        for progress in train(training):
            history.append(progress)
            show(progress)
            stop = processes.any(bool(asked))
            for name, value in asdict(progress).items():
                if name != "images":
                    board.add_scalar(name, value, progress.images)
            if progress.images >= next_sheet:
                draw_sheet(folder.sheet(progress.images), training)
                next_sheet = sheet_due(progress.images, training.total_images)
            if stop or time.monotonic() - saved_at > CHECKPOINT_S:
                save()
                saved_at = time.monotonic()
            if stop and training.images < training.total_images:
                return None
    save()
    draw_sheet(folder.last_sheet, training)
    report.write_film(folder.film, [*sorted(folder.sheets.glob("*.png")), folder.last_sheet])
    report.write_curves(folder.curves, f"{plan.name}: losses and accuracy", history)
    if not is_described(training.recipe.networks, training.recipe.labels.classes):
        return None
    write_weights(plan, training)
    return folder.trained


def identity(training: Training) -> dict[str, Any]:
    """What a checkpoint is known by: only a run with the same of all this goes on with it. Its length may change: `check_total`."""
    return {
        "recipe": training.recipe.parts(),
        "batch": training.batch,
        "seed": training.seed,
        "data": training.dataset.sha256,
        "labels": hashlib.sha256(training.dataset.labels.cpu().numpy().tobytes()).hexdigest(),
        "device": training.device.type,
        "precision": training.precision,
    }


def check_total(path: Path, state: dict[str, Any], training: Training) -> None:
    """A run may become longer or shorter while nothing has depended on its length. Raises CheckpointError once its rates fall, or would
    have fallen already."""
    was, total, done = state.get("total_images") or training.total_images, training.total_images, state["training"]["images"]
    falls_from = training.recipe.optimizer.falls_from
    if was != total and falls_from < 1 and done > falls_from * min(was, total):
        raise CheckpointError(
            f"{path} is of a run of {was:,} images, whose rates fall according to that: after {done:,} images it cannot become one of "
            f"{total:,}. Give --images {was}, or another --out."
        )


def follow(training: Training) -> None:
    """The loop of a process that only computes. It stops at the same step as the first one."""
    with stop_signals() as asked:
        for _ in train(training):
            if training.processes.any(bool(asked)):
                return


def sheet_due(images: int, total_images: int) -> int:
    """The number of images at which the next sheet is drawn. Sheets are closest together early on, when a generator changes most."""
    drawn = math.isqrt(images * SHEETS**2 // total_images)
    return total_images * (drawn + 1) ** 2 // SHEETS**2


def write_weights(plan: Plan, training: Training) -> None:
    generator = training.average.snapshot()
    told = card(training, plan.name, training.wall_time_s).model_copy(update={"scores": first_look(generator)})
    weights.save(plan.folder.trained, generator, told)


def draw_sheet(path: Path, training: Training) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples.sheet(training.average.snapshot()).save(path, optimize=True)

"""The command `sweep`: trains recipes with several seeds each, some at a time, and tells their scores with the spread between seeds."""

import hashlib
import json
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from models import atomic, device
from models.interruption import INTERRUPTED
from training.cli import tables
from training.cli.contest import Contestant, Run, agreed, check_scorable, contestants, run_of
from training.cli.jobs import Job, side_by_side
from training.cli.places import FITS, data_folder, fit
from training.cli.scoring import SPLITS, that_knows
from training.cli.signals import stop_signals
from training.measuring.evaluate import Bench, Protocol
from training.parts.data import Idx
from training.run.loop import RecipeError

RUNS = Path("runs/sweep")
TOLD_EACH_S = 60.0


@dataclass(frozen=True)
class Entrant:
    """A recipe with one of its seeds, and the options of that run."""

    contestant: Contestant
    options: Namespace

    @property
    def title(self) -> str:
        return f"{self.contestant.name}, seed {self.options.seed}"

    def run(self, where: torch.device) -> Run:
        return run_of(self.contestant, self.options, where, self.options.out)

    def command(self, run: Run) -> tuple[str, ...]:
        """The command that trains it to its end."""
        asked = {
            "seed": run.training.seed,
            "images": run.training.total_images,
            "batch": run.training.batch,
            "device": run.training.device.type,
        }
        asked |= {"name": run.folder.name, "out": run.folder.root, "data": data_folder(self.options.data)}
        flags = [f"--{name}" for name in FITS if getattr(self.options, name)] + ["--resume"] * run.begun
        given = [f"--{name}={value}" for name, value in asked.items()]
        return (sys.executable, "-m", "training", "train", self.contestant.text, "--floats", *given, *flags)


def sweep(options: Namespace, console: Console) -> int:
    """Trains what is not trained yet, scores what is not scored yet, and tells both in a table and a JSON file."""
    all_of_them = contestants(options.recipes)
    options = agreed(all_of_them[0], options)
    where = device.choose(options.device)
    training, test = (Idx().read(data_folder(options.data), split, fit(options)) for split in SPLITS)
    check_scorable(all_of_them, training)
    for one in all_of_them:
        run_of(one, options, where, options.out)  # what cannot even begin is told before anything is trained
    seeds = range(options.seed, options.seed + options.seeds)
    entrants = [Entrant(one, Namespace(**{**vars(options), "seed": seed})) for seed in seeds for one in all_of_them]
    failed = train_all(entrants, where, options.jobs, console)
    if failed is None:
        console.print("Interrupted. The same command goes on: what is trained is kept.")
        return INTERRUPTED
    labelled = any(one.entry.recipe.labels.classes for one in all_of_them)
    protocol = Protocol(options.digits, options.digits, options.pupils if labelled else 0)
    bench = Bench(that_knows(test, options, where), training, test, protocol, where)
    judged = hashlib.sha256(options.judge.read_bytes()).hexdigest() if bench.judge else None
    known_by = {"protocol": asdict(protocol), "judge": judged, "test": test.sha256}
    columns: dict[str, list[dict[str, float]]] = {one.name: [] for one in all_of_them}
    for entrant in entrants:
        if entrant.title not in failed:
            print(f"Scores of {entrant.title} ...", file=sys.stderr)
            try:
                found = scores(entrant.run(where), bench, known_by)
            except RecipeError as error:
                failed.append(entrant.title)
                console.print(f"{entrant.title}: failed: {error}")
            else:
                columns[entrant.contestant.name].append({"seed": entrant.options.seed} | found)
    if len(failed) == len(entrants):
        console.print("There is nothing to score.")
        return 1
    print("Real digits ...", file=sys.stderr)
    told = {
        "protocol": asdict(protocol),
        "images": options.images,
        "batch": options.batch,
        "recipes": columns,
        "real": bench.real.headline(),
    }
    atomic.write(options.out / "scores.json", json.dumps(told, indent=1).encode())
    for table in tables.in_width(console, lambda some: tables.with_spread(some, bench.real.headline()), columns):
        console.print(table, "")
    taught = f"; pupils: {protocol.pupils}, taught by as many" if protocol.pupils else ""
    spread = f"Means over {options.seeds} seeds, ± standard deviation" if options.seeds > 1 else "One run of each"
    console.print(f"{spread}. Measured on {protocol.digits:,} digits of each run{taught}.")
    if failed:
        console.print(f"Left out, for they failed: {'; '.join(failed)}.")
    console.print(f"All numbers: {options.out / 'scores.json'}")
    return 1 if failed else 0


def train_all(entrants: Sequence[Entrant], where: torch.device, at_once: int | None, console: Console) -> list[str] | None:
    """Trains those that are not trained yet, each in a process of its own. Returns the titles of those that failed; None if interrupted."""
    failed = []
    by_title = {entrant.title: entrant for entrant in entrants}
    cores = torch.get_num_threads()
    at_once = at_once or (cores if where.type == "cpu" else 1)
    threads = max(1, cores // at_once)
    with stop_signals() as asked:
        for job, status in side_by_side(jobs(entrants, where, console), at_once, threads, lambda: bool(asked), told_at_times(console)):
            if asked:
                continue
            cause = job.last_line if status >= 0 else f"ended by {signal.Signals(-status).name}"
            if not status:
                console.print(f"{job.title}: trained")
            elif by_title[job.title].run(where).ended:  # so that it is scored now as it would be the next time
                console.print(f"{job.title}: trained, though its last files were not written: {cause}")
            else:
                failed.append(job.title)
                console.print(f"{job.title}: failed: {cause.rstrip('.')}. Its log: {job.log}")
        return None if asked else failed


def jobs(entrants: Sequence[Entrant], where: torch.device, console: Console) -> Iterator[Job]:
    for entrant in entrants:
        run = entrant.run(where)
        if not run.ended:
            run.folder.make()
            console.print(f"{entrant.title}: training in {run.folder.root}")
            yield Job(entrant.title, entrant.command(run), run.folder.log)


def told_at_times(console: Console) -> Callable[[Sequence[Job]], None]:
    """Prints now and then what the jobs printed last."""
    told_at = time.monotonic()

    def tell(running: Sequence[Job]) -> None:
        nonlocal told_at
        if time.monotonic() - told_at > TOLD_EACH_S:
            told_at = time.monotonic()
            for job in running:
                if line := job.last_line:
                    console.print(f"{job.title}: {line}")

    return tell


def scores(run: Run, bench: Bench, known_by: dict[str, Any]) -> dict[str, float]:
    """The scores of a finished run. They are kept in its folder, so that they are measured once for what they are known by."""
    file = run.folder.scores
    if kept := kept_scores(file, known_by):
        return kept
    trained = run.trained()
    assert trained is not None
    found = bench.generated(trained.generator)[0].headline() | {"trained_min": trained.minutes}
    atomic.write(file, json.dumps({"known_by": known_by, "scores": found}).encode())
    return found


def kept_scores(file: Path, known_by: dict[str, Any]) -> dict[str, float] | None:
    """None where there are none, or others, or a file that is broken."""
    try:
        kept = json.loads(file.read_text())
        return dict(kept["scores"]) if kept["known_by"] == known_by else None
    except (OSError, ValueError, LookupError, TypeError):
        return None

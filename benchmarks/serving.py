"""Serving, side by side in one run: the limit of HTTP, the obvious server, LitServe, and Kakite.

python -m benchmarks.serving [--rounds 3] [--seconds 2] [--json FILE]

Each server is a process of its own on this machine with the same network, in floats with random weights where it does not use our
sampler; the servers take turns, round after round.
wrk sends the load, every request with its own seed. Figures are medians over the rounds, with their least and greatest.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.servers import Contestant, Running, import_mb, import_s, running
from models import device, weights
from models.cards import FOLDER

CONNECTIONS = (1, 8, 32, 128)
GRID_CONNECTIONS = 8
GRID = 64
SCRIPT = Path(__file__).parent / "load.lua"

Figures = dict[str, list[float]]  # what was measured, once a round


def contestants(file: Path, alone: Path) -> list[Contestant]:
    """`alone` is an empty folder for the weights, since Kakite loads all that lie in one."""
    with_weights = ("--weights", str(file))
    (alone / file.name).symlink_to(file.resolve())
    settings = {
        "KAKITE_WEIGHTS": str(alone),
        "KAKITE_MODEL": weights.load(file).card.name,
        "KAKITE_ACCESS_LOG": "0",  # as its rivals
    }
    return [
        Contestant("constant PNG", "benchmarks.peers.constant"),
        Contestant("obvious server", "benchmarks.peers.obvious", with_weights),
        Contestant("LitServe, eager", "benchmarks.peers.litserve_server", with_weights, serves_grids=False),
        Contestant(
            "LitServe, our sampler",
            "benchmarks.peers.litserve_server",
            (*with_weights, "--sampler", "--fast-queue", "--threads", "1"),
            serves_grids=False,
        ),
        Contestant("Kakite", "app", settings=settings),
    ]


def wrk(server: Running, connections: int, seconds: float, *arguments: str) -> dict[str, float]:
    load = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
    command = ["wrk", *load, "-s", str(SCRIPT), server.url, "--", *arguments]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    figures = json.loads(told.strip().splitlines()[-1])
    if figures["errors"]:
        raise SystemExit(f"{figures['errors']} of {figures['requests']} requests failed: {' '.join(command)}\n{told}")
    return {
        "rate": figures["requests"] / figures["duration_us"] * 1e6,
        "p50_ms": figures["p50_us"] / 1e3,
        "p99_ms": figures["p99_us"] / 1e3,
    }


def measure(contestant: Contestant, seconds: float, figures: Figures) -> None:
    with running(contestant) as server:
        figures["ready s"].append(server.ready_s)
        wrk(server, 8, 1)  # warm
        for connections in CONNECTIONS:
            for what, value in wrk(server, connections, seconds).items():
                figures[f"{what} {connections}"].append(value)
        if contestant.serves_grids:
            for what, value in wrk(server, GRID_CONNECTIONS, seconds, "grid", str(GRID)).items():
                figures[f"{what} grid"].append(value)
        figures["resident MB"].append(server.resident_mb())


def offline(file: Path) -> float:
    """The sampler's best images/s."""
    command = [sys.executable, "-m", "benchmarks.sampler", str(file)]
    return max(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout).values())


def told(values: Sequence[float]) -> str:
    if not values:
        return ""
    digits = 0 if max(values) >= 100 else 2
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def print_table(console: Console, file: Path, results: dict[str, Figures], floor: Figures) -> None:
    table = Table("", *results, title=f"{file.stem}: median (least-greatest)")
    rows = [(f"{c} connections, {what}", f"{key} {c}") for c in CONNECTIONS for what, key in KINDS]
    rows += [(f"grid of {GRID}, {GRID_CONNECTIONS} connections, {what}", f"{key} grid") for what, key in KINDS]
    for label, key in [*rows, ("start to ready, s", "ready s"), ("resident, MB", "resident MB")]:
        table.add_row(label, *(told(figures[key]) for figures in results.values()))
    console.print(table)
    for key, values in floor.items():
        console.print(f"{key}: {told(values)}")
    print_ratios(console, results, floor)


KINDS = (("requests/s", "rate"), ("p50 ms", "p50_ms"), ("p99 ms", "p99_ms"))


def print_ratios(console: Console, results: dict[str, Figures], floor: Figures) -> None:
    def median(name: str, key: str) -> float:
        return statistics.median(results[name][key])

    ours = median("Kakite", "rate 32")
    for name in results:
        if name != "Kakite":
            console.print(f"32 connections, Kakite's requests/s to those of {name}: {ours / median(name, 'rate 32'):.2f}")
    grids = median("Kakite", "rate grid")
    console.print(f"Grids, Kakite's to the obvious server's: {grids / median('obvious server', 'rate grid'):.2f}")
    console.print(f"Grids, Kakite's images/s to the sampler's: {grids * GRID / statistics.median(floor['sampler, images/s']):.2f}")
    console.print(f"Start to ready above the imports, s: {median('Kakite', 'ready s') - statistics.median(floor['imports, s']):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving")
    parser.add_argument("--weights", nargs="+", type=Path, default=[FOLDER / f"{name}.safetensors" for name in ("cgan", "kakite")])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    console = Console(width=160)
    console.print(f"{device.describe(torch.device('cpu'))}, Python {platform.python_version()}, torch {torch.__version__}")
    everything = {}
    for file in options.weights:
        results: dict[str, Figures] = defaultdict(lambda: defaultdict(list))
        floor: Figures = defaultdict(list)
        with tempfile.TemporaryDirectory() as alone:
            servers = contestants(file, Path(alone))
            for _ in range(options.rounds):
                floor["imports, s"].append(import_s())
                floor["imports, MB"].append(import_mb())
                floor["sampler, images/s"].append(offline(file))
                for contestant in servers:
                    measure(contestant, options.seconds, results[contestant.name])
        print_table(console, file, results, floor)
        everything[file.stem] = {"servers": results, "floor": floor}
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()

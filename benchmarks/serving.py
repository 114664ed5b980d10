"""Serving, side by side in one run: the limit of HTTP, the obvious server, LitServe, and Kakite as `make serve` starts it.

python -m benchmarks.serving [--quick] [--before COMMIT] [--rounds 3] [--seconds 2] [--json FILE]

Each server is a process of its own on this machine with the same network, in floats with random weights where it does not use our
sampler; the servers take turns, round after round. wrk sends the load, every request with its own seed. Figures are medians over
the rounds, with their least and greatest. `--before` adds Kakite as it was at a commit, with that commit's weights; `--quick` is the
constant PNG and Kakite alone, for daily use.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.machine import about
from benchmarks.servers import Contestant, Running, import_mb, import_s, running
from models import weights
from models.cards import FOLDER

CONNECTIONS = (1, 8, 32, 128)
GRID_CONNECTIONS = 8
GRID = 64
DATASET = 60_000
SCRIPT = Path(__file__).parent / "load.lua"
CONSTANT, OURS, BEFORE = "constant PNG", "Kakite", "Kakite before"

Figures = dict[str, list[float]]  # what was measured, once a round


def contestants(file: Path, alone: Path, quick: bool, before: Path | None) -> list[Contestant]:
    """`alone` is an empty folder for the weights, since Kakite loads all that lie in one; `before` one with another version of Kakite."""
    with_weights = ("--weights", str(file))

    def settings(name: str, weights_file: Path) -> dict[str, str]:
        folder = alone / name
        folder.mkdir()
        (folder / file.name).symlink_to(weights_file.resolve())
        return {"KAKITE_WEIGHTS": str(folder), "KAKITE_MODEL": weights.load(file).card.name}

    constant, ours = (
        Contestant(CONSTANT, "benchmarks.peers.constant", serves_grids=False),
        Contestant(OURS, "app", settings=settings("now", file)),
    )
    if quick:
        return [constant, ours]
    sampler = (*with_weights, "--sampler", "--fast-queue", "--threads", "1")
    return [
        constant,
        Contestant("obvious server", "benchmarks.peers.obvious", with_weights),
        Contestant("LitServe, eager", "benchmarks.peers.litserve_server", with_weights, serves_grids=False),
        Contestant("LitServe, our sampler", "benchmarks.peers.litserve_server", sampler, serves_grids=False),
        *([Contestant(BEFORE, "app", settings=settings("before", before / "models/weights" / file.name), folder=before)] if before else []),
        ours,
    ]


@contextmanager
def checked_out(commit: str | None) -> Iterator[Path | None]:
    """A folder with the project as it was."""
    if commit is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", folder, commit], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", folder], check=True)


def wrk(server: Running, connections: int, seconds: float, *arguments: str) -> dict[str, float]:
    load = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
    command = ["wrk", *load, "-s", str(SCRIPT), server.url, "--", *arguments]
    http, model = server.used_s()
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    http_after, model_after = server.used_s()
    figures = json.loads(told.strip().splitlines()[-1])
    if figures["errors"]:
        raise SystemExit(f"{figures['errors']} of {figures['requests']} requests failed: {' '.join(command)}\n{told}")
    return {
        "rate": figures["requests"] / figures["duration_us"] * 1e6,
        "p50_ms": figures["p50_us"] / 1e3,
        "p99_ms": figures["p99_us"] / 1e3,
        "http_us": (http_after - http) / figures["requests"] * 1e6,
        "model_us": (model_after - model) / figures["requests"] * 1e6,
    }


def measure(contestant: Contestant, seconds: float, figures: Figures, connections: Sequence[int]) -> None:
    with running(contestant) as server:
        figures["ready s"].append(server.ready_s)
        wrk(server, 8, 1)  # warm
        for count in connections:
            for what, value in wrk(server, count, seconds).items():
                figures[f"{what} {count}"].append(value)
        if contestant.serves_grids:
            for what, value in wrk(server, GRID_CONNECTIONS, seconds, "grid", str(GRID)).items():
                figures[f"{what} grid"].append(value)
        if contestant.name in (OURS, BEFORE):
            figures["dataset s"].append(download_s(server))
        figures["resident MB"].append(server.resident_mb())


def download_s(server: Running) -> float:
    """Of a data set in IDX, over HTTP."""
    began = time.perf_counter()
    with httpx.stream("GET", f"{server.url}/dataset?n={DATASET}&format=idx", timeout=600) as answer:
        answer.raise_for_status()
        for _ in answer.iter_raw():
            pass
    return time.perf_counter() - began


def offline(file: Path) -> float:
    """The sampler's best images/s."""
    command = [sys.executable, "-m", "benchmarks.sampler", str(file)]
    return max(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout).values())


def told(values: Sequence[float]) -> str:
    if not values or not max(values):
        return ""
    digits = 0 if max(values) >= 100 else 2
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


KINDS = (("requests/s", "rate"), ("p50 ms", "p50_ms"), ("p99 ms", "p99_ms"), ("HTTP, µs", "http_us"), ("model process, µs", "model_us"))


def print_table(console: Console, file: Path, results: dict[str, Figures], floor: Figures) -> None:
    table = Table("", *results, title=f"{file.stem}: median (least-greatest)")
    rows = [(f"{c} connection{'s' * (c > 1)}, {what}", f"{key} {c}") for c in CONNECTIONS for what, key in KINDS]
    rows += [(f"grid of {GRID}, {GRID_CONNECTIONS} connections, {what}", f"{key} grid") for what, key in KINDS]
    rows += [(f"{DATASET:,} digits in IDX, s", "dataset s"), ("start to ready, s", "ready s"), ("resident, MB", "resident MB")]
    for label, key in rows:
        if any(figures.get(key) for figures in results.values()):
            table.add_row(label, *(told(figures.get(key, [])) for figures in results.values()))
    console.print(table)
    for key, values in floor.items():
        console.print(f"{key}: {told(values)}")
    for what, ratio in ratios(results, floor).items():
        console.print(f"{what}: {ratio:.2f}")


def ratios(results: dict[str, Figures], floor: Figures) -> dict[str, float]:
    """Of medians, by what they compare."""

    def median(name: str, key: str) -> float:
        return statistics.median(results[name][key])

    found = {
        f"32 connections, requests/s beside {name}": median(OURS, "rate 32") / median(name, "rate 32") for name in results if name != OURS
    }
    found["1 connection, p50 above the constant PNG's, ms"] = median(OURS, "p50_ms 1") - median(CONSTANT, "p50_ms 1")
    for name in ("obvious server", BEFORE):
        if name in results:
            found[f"grids beside {name}"] = median(OURS, "rate grid") / median(name, "rate grid")
    sampler = statistics.median(floor["sampler, images/s"])
    found["grids, images/s beside the sampler's"] = median(OURS, "rate grid") * GRID / sampler
    found["a data set's seconds beside the sampler's"] = median(OURS, "dataset s") / (DATASET / sampler)
    found["start to ready above the imports, s"] = median(OURS, "ready s") - statistics.median(floor["imports, s"])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving")
    parser.add_argument("--weights", nargs="+", type=Path, help="shipped cgan and kakite, or with --quick kakite alone")
    parser.add_argument("--quick", action="store_true", help="the constant PNG and Kakite alone, in two minutes")
    parser.add_argument("--before", metavar="COMMIT", help="Kakite as it was at that commit, too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--json", type=Path, help="where all figures go; else they are printed last")
    options = parser.parse_args()
    names = ("kakite",) if options.quick else ("cgan", "kakite")
    connections = (1, 32) if options.quick else CONNECTIONS
    console = Console(width=200)
    machine = about()
    console.print(", ".join(f"{what} {value}" for what, value in machine.items()))
    everything: dict[str, object] = {"machine": machine}
    with checked_out(options.before) as before:
        for file in options.weights or [FOLDER / f"{name}.safetensors" for name in names]:
            results: dict[str, Figures] = defaultdict(lambda: defaultdict(list))
            floor: Figures = defaultdict(list)
            with tempfile.TemporaryDirectory() as alone:
                servers = contestants(file, Path(alone), options.quick, before)
                for _ in range(max(1, options.rounds)):
                    floor["imports, s"].append(import_s())
                    floor["imports, MB"].append(import_mb())
                    floor["sampler, images/s"].append(offline(file))
                    for contestant in servers:
                        measure(contestant, options.seconds, results[contestant.name], connections)
            print_table(console, file, results, floor)
            everything[file.stem] = {"servers": results, "floor": floor, "ratios": ratios(results, floor)}
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1))
    else:
        print(json.dumps(everything))


if __name__ == "__main__":
    main()

"""What a load does to the time of an answer: a simulation of replicas, calibrated by an idle server, checked against a busy one.

python -m benchmarks.queueing [--images 16] [--seconds 10]      measures, predicts, and shows both
python -m benchmarks.queueing --predict 100000 --replicas 40    predicts alone, from the figures of docs/scaling.md

A replica is two servers in a row. HTTP's process takes one thing at a time, a request or an answer, first come first served. The model's
takes all that waits, up to a batch, and needs a time that grows linearly with its images. Requests come at random moments (a Poisson
process) and go to any replica, or to the one with the fewest in its hands.
"""

import argparse
import asyncio
import heapq
import platform
import random
import statistics
import time
from collections import deque
from dataclasses import dataclass, field

import httpx
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.endurance import Clients
from benchmarks.servers import Contestant, Running, running
from models import device

# One core computes, so that HTTP and the sender of the load have the other: with two threads a large batch would stop them both.
SERVICE = Contestant("Kakite", "app", settings={"KAKITE_ACCESS_LOG": "0", "KAKITE_THREADS": "1"})
LOADS = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9)  # of the capacity that the simulation predicts
SIZES = (1, 16, 32, 64)  # images of a request, for the calibration
ALONE = 200  # requests for each of them
REQUESTS = 40_000  # of a simulation


@dataclass(frozen=True)
class Costs:
    """Milliseconds."""

    http: float  # of HTTP's process, a request with its answer
    batch: float  # of the model's, a batch
    image: float  # and each image in it
    batch_images: int = 64

    def forward(self, images: int) -> float:
        return self.batch + images * self.image

    def capacity(self, images: int) -> float:
        """Requests a second that a replica can bear at most, for requests of so many images."""
        together = max(1, self.batch_images // images)
        return 1000 / max(self.http, self.forward(together * images) / together)


# As measured on 2 cores of an AMD EPYC, kakite in bfloat16, the sender of the load on the same cores: docs/scaling.md.
MEASURED = Costs(http=0.27, batch=0.30, image=0.066)


@dataclass
class Replica:
    """What waits where: requests by the moment at which they came."""

    http: deque[tuple[str, float]] = field(default_factory=deque)
    http_busy: bool = False
    model: deque[float] = field(default_factory=deque)
    model_busy: bool = False
    held: int = 0


def simulate(costs: Costs, rate: float, images: int = 1, replicas: int = 1, fewest: bool = False, requests: int = REQUESTS) -> list[float]:
    """Milliseconds of each answer, in their order; `rate` in requests a second over all replicas."""
    chance = random.Random(0)
    members = [Replica() for _ in range(replicas)]
    events: list[tuple[float, int, int, str, list[float]]] = []
    times_ms: list[float] = []
    count = 0

    def at(when: float, who: int, what: str, whom: list[float]) -> None:
        nonlocal count
        count += 1
        heapq.heappush(events, (when, count, who, what, whom))

    def go_on(who: int, now: float) -> None:
        one = members[who]
        if one.http and not one.http_busy:
            one.http_busy = True
            what, came = one.http.popleft()
            at(now + costs.http / 2, who, what, [came])
        if one.model and not one.model_busy:
            one.model_busy = True
            batch = [one.model.popleft() for _ in range(min(len(one.model), max(1, costs.batch_images // images)))]
            at(now + costs.forward(len(batch) * images), who, "computed", batch)

    at(0.0, 0, "came", [])
    left = requests
    while events:
        now, _, who, what, whom = heapq.heappop(events)
        if what == "came":
            who = min(range(replicas), key=lambda i: (members[i].held, chance.random())) if fewest else chance.randrange(replicas)
            members[who].held += 1
            members[who].http.append(("read", now))
            left -= 1
            if left:
                at(now + chance.expovariate(rate / 1000), 0, "came", [])
        elif what == "read":
            members[who].http_busy = False
            members[who].model.extend(whom)
        elif what == "computed":
            members[who].model_busy = False
            members[who].http.extend(("answered", came) for came in whom)
        else:
            members[who].http_busy = False
            members[who].held -= 1
            times_ms.append(now - whom[0])
        go_on(who, now)
    return times_ms


def quantiles(times_ms: list[float]) -> tuple[float, float]:
    """p50 and p99, the first tenth left out."""
    settled = times_ms[len(times_ms) // 10 :]
    return statistics.median(settled), sorted(settled)[int(0.99 * len(settled))]


async def alone_ms(url: str, images: int) -> float:
    """The median time of a request when nobody else is there."""
    clients = Clients(url)
    for i in range(ALONE):
        await clients.get(f"/grid?n={images}&seed={i * images}", time.perf_counter())
    return statistics.median(clients.times_ms[200])


def forward_ms(server: Running) -> tuple[float, float]:
    """The sum and the number of batches so far, as the service tells them."""
    text = httpx.get(f"{server.url}/metrics").text
    found = {line.split(" ")[0]: float(line.split(" ")[1]) for line in text.splitlines() if line.startswith("kakite_forward_seconds_")}
    return 1e3 * found['kakite_forward_seconds_sum{model="kakite"}'], found['kakite_forward_seconds_count{model="kakite"}']


def calibrate(server: Running, images: int) -> Costs:
    """From requests one at a time: of each size the time of its batch, and of those of that many images what is left."""
    points = []
    rest = 0.0
    for size in (*SIZES, images):
        before = forward_ms(server)
        whole = asyncio.run(alone_ms(server.url, size))
        after = forward_ms(server)
        mean = (after[0] - before[0]) / (after[1] - before[1])
        points.append((size, mean))
        rest = whole - mean
    slope, start = statistics.linear_regression([size for size, _ in points], [mean for _, mean in points])
    return Costs(rest, max(start, 0.0), slope)


async def attacked(url: str, rate: float, images: int, seconds: float) -> list[float]:
    clients = Clients(url)
    await clients.attack(rate, seconds, images)
    return clients.times_ms[200]


def compare(images: int, seconds: float, console: Console) -> None:
    table = Table(
        "share of capacity", "requests/s", "p50 predicted", "measured", "p99 predicted", "measured", box=None, padding=(0, 2, 0, 0)
    )
    with running(SERVICE) as server:
        asyncio.run(alone_ms(server.url, 64))
        costs = calibrate(server, images)
        console.print(
            f"calibrated, ms: HTTP {costs.http:.2f} a request, a batch {costs.batch:.2f} + {costs.image:.3f} an image; "
            f"so at most {costs.capacity(images):.0f} requests/s of {images}"
        )
        for load in LOADS:
            rate = load * costs.capacity(images)
            measured = quantiles(asyncio.run(attacked(server.url, rate, images, seconds)))
            predicted = quantiles(simulate(costs, rate, images))
            cells = (f"{value:.1f} ms" for pair in zip(predicted, measured, strict=True) for value in pair)
            table.add_row(f"{load:.0%}", f"{rate:.0f}", *cells)
    console.print(table)


def predict(rate: float, replicas: int, images: int, console: Console) -> None:
    load = rate / replicas / MEASURED.capacity(images)
    console.print(f"{rate:,.0f} requests/s of {images} on {replicas} replicas: {load:.0%} of what they can bear")
    if load < 1:
        for name, fewest in (("any replica", False), ("the one with the fewest", True)):
            p50, p99 = quantiles(simulate(MEASURED, rate, images, replicas, fewest, max(REQUESTS, 2000 * replicas)))
            console.print(f"to {name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queueing")
    parser.add_argument("--images", type=int, default=16, help="of a request (16)")
    parser.add_argument("--seconds", type=float, default=10, help="of each load (10)")
    parser.add_argument("--predict", type=float, metavar="RATE", help="requests a second, to be predicted without measuring")
    parser.add_argument("--replicas", type=int, default=1)
    options = parser.parse_args()
    console = Console(width=160)
    if options.predict:
        predict(options.predict, options.replicas, options.images, console)
        return
    console.print(f"{device.describe(torch.device('cpu'))}, Python {platform.python_version()}, torch {torch.__version__}")
    compare(options.images, options.seconds, console)


if __name__ == "__main__":
    main()

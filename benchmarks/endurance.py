"""The service under a load that lasts, and under four times more than it can bear. Needs wrk.

python -m benchmarks.endurance [--minutes 5] [--overload-s 60]

Memory: resident, of both processes, under single digits and sheets at once. Overload: sheets are asked for at random moments
(a Poisson process) at four times the rate that eight connections got, whoever has answered by then; times count from the
moment a request was due.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from rich.console import Console

from benchmarks.machine import about
from benchmarks.servers import Contestant, Running, import_mb, running
from benchmarks.serving import GRID, GRID_CONNECTIONS, wrk
from models.cards import FOLDER

SERVICE = Contestant("Kakite", "app")
TIMES = 4


def memory(server: Running, minutes: float) -> list[float]:
    """Resident MB at the start and after each minute, while both kinds of requests come in."""
    sizes = [server.resident_mb()]
    with ThreadPoolExecutor() as threads:
        loads = [threads.submit(wrk, server, 8, minutes * 60, *script) for script in ((), ("grid", str(GRID)))]
        began = time.monotonic()
        while not all(load.done() for load in loads):
            time.sleep(1)
            if time.monotonic() - began > 60 * len(sizes):
                sizes.append(server.resident_mb())
        for load in loads:
            load.result()  # raises what it raised
    return [*sizes, server.resident_mb()]


class Clients:
    """Connections that are kept, as many as there are requests at once. (httpx would need a core for itself at this rate.)"""

    def __init__(self, url: str) -> None:
        self.host, self.port = urlsplit(url).hostname, urlsplit(url).port
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.times_ms: dict[int, list[float]] = defaultdict(list)  # by status

    async def get(self, path: str, due: float) -> None:
        while self.idle and self.idle[-1][0].at_eof():
            self.idle.pop()[1].close()  # the server has closed it, for it was long unused
        reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection(self.host, self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: kakite\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        self.times_ms[int(head.split()[1])].append(1e3 * (time.perf_counter() - due))
        self.idle.append((reader, writer))

    async def attack(self, rate: float, seconds: float, images: int = GRID) -> None:
        began = due = time.perf_counter()
        waiting = []
        while due - began < seconds:
            due += random.expovariate(rate)
            await asyncio.sleep(max(0, due - time.perf_counter()))
            waiting.append(asyncio.create_task(self.get(f"/grid?n={images}&seed={len(waiting) * images}", due)))
        await asyncio.gather(*waiting)


def overload(server: Running, seconds: float, console: Console) -> None:
    grid = ("grid", str(GRID))
    before = wrk(server, GRID_CONNECTIONS, 5, *grid)
    console.print(f"at capacity, {GRID_CONNECTIONS} connections: {before['rate']:.0f} sheets/s, p99 {before['p99_ms']:.0f} ms")
    clients = Clients(server.url)
    asyncio.run(clients.attack(TIMES * before["rate"], seconds))
    for status, times_ms in sorted(clients.times_ms.items()):
        median, p99 = statistics.median(times_ms), sorted(times_ms)[int(0.99 * len(times_ms))]
        console.print(f"overloaded, answered {status}: {len(times_ms) / seconds:.0f} a second, p50 {median:.0f} ms, p99 {p99:.0f} ms")
    after = wrk(server, GRID_CONNECTIONS, 1, *grid)
    console.print(f"in the second after: {after['rate']:.0f} sheets/s, p99 {after['p99_ms']:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--overload-s", type=float, default=60)
    options = parser.parse_args()
    console = Console(width=160)
    console.print(", ".join(f"{what} {value}" for what, value in about().items()))
    weights_mb = sum(file.stat().st_size for file in FOLDER.glob("*.safetensors")) / 1e6
    with running(SERVICE) as server:
        wrk(server, 8, 1)
        sizes = memory(server, options.minutes)
        console.print(f"resident MB at the start, after each minute, at the end: {', '.join(f'{size:.0f}' for size in sizes)}")
        console.print(f"import torch, fastapi alone: {import_mb():.0f} MB; all weights files: {weights_mb:.0f} MB")
        overload(server, options.overload_s, console)


if __name__ == "__main__":
    main()

"""The service for half an hour among clients of every kind, while its processes die: is every byte right, is memory flat?

python -m benchmarks.soak [--minutes 30] [--processes 1]

Honest clients ask for answers whose SHA-256 was noted at the start. Beside them come greedy ones (the largest pictures), hostile ones
(bodies and queries made to take long), slow ones (half a head, half a body, an answer that is not taken) and some that leave at once. After
a quarter of the time the model process is killed, half-way it is stopped, so that the watchdog must end it; later the server is told to.
Whenever it ends it is started anew, as a container is. The last quarter is without faults, for memory.
"""

import argparse
import asyncio
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
from rich.console import Console

from benchmarks.machine import about

WATCHDOG_S = 10
SAMPLE_S = 5
ATTACKS = {"greedy": 0.5, "hostile": 0.2, "slow": 1.0, "gone": 0.3}  # seconds from one to the next of its kind
HONEST = 4
JSON = {"content-type": "application/json"}
GOLDEN = [
    ("/generate?seed=7", "*/*"),
    ("/generate?seed=7&label=3&scale=5&paper=white", "*/*"),
    ("/generate?seed=1&n=40&model=cgan", "application/x-npz"),
    ("/generate?seed=7&n=3", "application/json"),
    ("/grid?seed=7", "*/*"),
    ("/grid?seed=8&n=64&scale=2&paper=transparent", "image/webp"),
    ("/grid?label=each&seed=7&n=3&model=kakite", "*/*"),
    ("/write/2026-11-25?seed=8&height=96", "*/*"),
    ("/walk?from=1&to=2&label=4&scale=2", "*/*"),
    ("/walk?from=1&to=2&frames=5&format=apng", "*/*"),
    ("/plane?seeds=1,2,3&label=5", "*/*"),
    ("/dataset?n=700", "*/*"),
    ("/dataset?n=300&format=npz&label=seed", "*/*"),
]
GREEDY = [
    ("/grid?n=16&scale=32&seed=1&paper=transparent", "*/*"),
    ("/grid?n=1024&scale=4&seed=1", "*/*"),
    ("/grid?n=1024&scale=2&seed=1&paper=transparent", "image/webp"),
    ("/walk?from=1&to=2&frames=100&scale=13&format=webp&paper=transparent", "*/*"),
    ("/write/" + "8" * 100 + "?height=512", "application/json"),
    ("/dataset?n=20000&format=npz", "*/*"),
]
HOSTILE = [
    ("/generate", ("{" + ",".join(f'"a{i}":1' for i in range(250_000)) + "}").encode()),
    ("/generate", ('{"z":[' + ",".join(["[]"] * 1_000_000) + "]}").encode()),
    ("/generate", b"[" * 4_000_000),
    ("/v2/models/kakite/infer", ('{"inputs":[],"outputs":[' + ",".join(["{}"] * 1_000_000) + "]}").encode()),
    ("/write", json.dumps({"lines": ["12345678901234567890"] * 200, "seed": 1}).encode()),
    ("/generate?" + "&".join(f"{i:x}" for i in range(9000)), b"{}"),
]
SLOW = [
    b"GET /generate?seed=7 HTTP/1.1\r\nHost: ka",
    b"POST /generate HTTP/1.1\r\nHost: kakite\r\nContent-Length: 4000000\r\n\r\n" + b" " * 1_000_000,
    b"GET /dataset?n=10000000&format=npz HTTP/1.1\r\nHost: kakite\r\n\r\n",
    b"",
]


class Server:
    """Started anew whenever it ends."""

    def __init__(self, processes: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "KAKITE_HTTP_PROCESSES": str(processes),
            "KAKITE_WATCHDOG_S": str(WATCHDOG_S),
            "KAKITE_CLIENT_TIMEOUT_S": "10",
        }
        self.ends: list[int] = []
        self.log = Path(os.environ.get("TMPDIR", "/tmp")) / "kakite-soak.log"

    async def keep(self) -> None:
        with self.log.open("w") as log:
            while True:
                command = [sys.executable, "-m", "app", "--port", str(self.port)]
                self.process = await asyncio.create_subprocess_exec(*command, env=self.environment, stderr=log, stdout=subprocess.DEVNULL)
                try:
                    self.ends.append(await self.process.wait())
                except asyncio.CancelledError:
                    self.process.terminate()
                    self.ends.append(await self.process.wait())
                    raise

    def children(self, module: str) -> list[psutil.Process]:
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.Error):  # one that has just ended
                if module in child.cmdline():
                    found.append(child)
        return found

    def resident_mb(self) -> tuple[float, float]:
        """Of the largest of the processes that speak HTTP, and of the model process."""
        everyone = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        sizes = {"http": 0.0, "model": 0.0}
        for one in everyone:
            kind = "model" if "app.engine.worker" in one.cmdline() else "http"
            sizes[kind] = max(sizes[kind], one.memory_info().rss / 2**20)
        return sizes["http"], sizes["model"]


class Soak:
    """What became of the requests: `told`, by kind of client and outcome."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.told: Counter[tuple[str, str]] = Counter()
        self.expected: dict[tuple[str, str], str] = {}
        self.probes_ms: list[float] = []
        self.sizes: list[tuple[float, float, float]] = []  # second, MiB of HTTP, MiB of the model process

    async def note(self) -> None:
        async with httpx.AsyncClient(timeout=120) as client:
            await self.until_ready(client)
            for path, kind in GOLDEN:
                answer = await client.get(self.server.url + path, headers={"accept": kind})
                self.expected[path, kind] = hashlib.sha256(answer.raise_for_status().content).hexdigest()

    async def until_ready(self, client: httpx.AsyncClient) -> None:
        while True:
            with suppress(httpx.TransportError):
                if (await client.get(f"{self.server.url}/readyz")).is_success:
                    return
            await asyncio.sleep(0.2)

    async def honest(self) -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            while True:
                (path, kind), expected = random.choice(list(self.expected.items()))
                try:
                    answer = await client.get(self.server.url + path, headers={"accept": kind})
                except httpx.TransportError:
                    self.told["honest", "no answer"] += 1
                    await asyncio.sleep(0.2)
                    continue
                right = answer.is_success and hashlib.sha256(answer.content).hexdigest() == expected
                self.told["honest", "right" if right else "WRONG BYTES" if answer.is_success else str(answer.status_code)] += 1

    async def greedy(self) -> None:
        path, kind = random.choice(GREEDY)
        await self.ask("greedy", "GET", path, headers={"accept": kind})

    async def hostile(self) -> None:
        path, body = random.choice(HOSTILE)
        await self.ask("hostile", "POST", path, content=body, headers=JSON)

    async def ask(self, who: str, method: str, path: str, **more: object) -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            answer = await client.request(method, self.server.url + path, **more)  # type: ignore[arg-type]
            self.told[who, str(answer.status_code)] += 1

    async def slow(self) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=1024)
        writer.write(random.choice(SLOW))
        await asyncio.sleep(45)
        self.told["slow", "left" if writer.is_closing() else "still there"] += 1
        writer.close()

    async def gone(self) -> None:
        path, _ = random.choice(GREEDY)
        _, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: kakite\r\n\r\n".encode())
        await asyncio.sleep(random.random() / 5)
        self.told["gone", "left"] += 1
        writer.close()

    async def attack(self, who: str, pause_s: float) -> None:
        """Again and again, whatever became of the last."""
        running: set[asyncio.Task[None]] = set()

        async def once() -> None:
            try:
                await getattr(self, who)()
            except (OSError, httpx.TransportError):
                self.told[who, "no answer"] += 1

        while True:
            await asyncio.sleep(random.expovariate(1 / pause_s))
            if len(running) < 64:
                task = asyncio.create_task(once())
                running.add(task)
                task.add_done_callback(running.discard)

    async def probe(self) -> None:
        async with httpx.AsyncClient(timeout=10) as client:
            while True:
                began = time.perf_counter()
                with suppress(httpx.TransportError):
                    await client.get(f"{self.server.url}/livez")
                    self.probes_ms.append(1e3 * (time.perf_counter() - began))
                await asyncio.sleep(0.2)

    async def sample(self) -> None:
        began = time.monotonic()
        while True:
            with suppress(psutil.Error):
                self.sizes.append((time.monotonic() - began, *self.server.resident_mb()))
            await asyncio.sleep(SAMPLE_S)

    async def run(self, minutes: float, console: Console) -> None:
        keeping = asyncio.create_task(self.server.keep())
        await asyncio.sleep(0.5)
        await self.note()
        tasks = [asyncio.create_task(self.honest()) for _ in range(HONEST)]
        tasks += [asyncio.create_task(self.attack(who, pause_s)) for who, pause_s in ATTACKS.items()]
        tasks += [asyncio.create_task(self.probe()), asyncio.create_task(self.sample())]
        quarter_s = 15 * minutes
        for what, fault in (("killed", self.kill), ("stopped", self.stop), ("told to end", self.end)):
            await asyncio.sleep(quarter_s)
            console.print(f"the model process is {what}" if fault != self.end else "the server is told to end")
            fault()
        await asyncio.sleep(quarter_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping

    def kill(self) -> None:
        for process in [*self.server.children("app.engine.worker"), *self.server.children("app.server.serving")[:1]]:
            process.kill()

    def stop(self) -> None:
        for process in self.server.children("app.engine.worker"):
            process.suspend()

    def end(self) -> None:
        self.server.process.send_signal(signal.SIGTERM)

    def show(self, console: Console) -> None:
        for (who, outcome), times in sorted(self.told.items()):
            console.print(f"{who}: {outcome}: {times:,}")
        ordered = sorted(self.probes_ms)
        console.print(f"/livez: {len(ordered):,}, p50 {ordered[len(ordered) // 2]:.1f} ms, p99 {ordered[int(0.99 * len(ordered))]:.1f} ms")
        console.print(f"/livez took longest: {ordered[-1]:.0f} ms")
        console.print(f"exit statuses: {self.server.ends}; log: {self.server.log}")
        last = self.sizes[int(0.77 * len(self.sizes)) :]  # since the last start
        console.print(f"HTTP at most {max(size for _, size, _ in self.sizes):.0f} MiB")
        shown = last[:: max(1, len(last) // 8)]
        console.print("without faults, MiB of HTTP and of the model: " + ", ".join(f"{http:.0f} {model:.0f}" for _, http, model in shown))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--processes", type=int, default=1, help="that speak HTTP")
    options = parser.parse_args()
    console = Console(width=160)
    console.print(", ".join(f"{what} {value}" for what, value in about().items()))
    soak = Soak(Server(options.processes))
    asyncio.run(soak.run(options.minutes, console))
    soak.show(console)
    sys.exit(bool(soak.told["honest", "WRONG BYTES"]))


if __name__ == "__main__":
    main()

"""The process that owns torch, the device and every model: rows in, pixels out, one batch at a time. Knows no HTTP.

`app.engine.process` starts it as `python -m app.engine.worker FD`, with one end of a socket pair, and ends it by closing the other end.
It is a process of its own because of Python's global lock: with the model in a thread of the HTTP process, the service answered a third
fewer requests.
"""

import contextlib
import gc
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from itertools import islice
from typing import Any, BinaryIO, cast

import torch

from app.engine import cores
from app.engine.batches import Batch
from app.engine.callers import Callers, Question
from app.engine.messages import Answer, Failed, HangUp, Refused, Served, hand_of, packed, read
from app.engine.sampler import Sampler
from app.engine.weights_folder import Loaded, read_all
from app.settings import Settings
from models import device
from models.cards import NetworkCard
from models.device import DeviceError
from models.directions import DirectionsError
from models.encoder import HandReader
from models.golden import InexactError
from models.latents import Rows
from models.weights import WeightsError

Compute = Callable[[Rows], Any]  # rows [n, ...] -> results [n, ...]


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the server handles them, and closes the connection after its last answer
    with (
        contextlib.suppress(HangUp, ConnectionError),  # the server has gone
        socket.socket(fileno=int(sys.argv[1])) as connection,
        connection.makefile("rb") as file,
    ):
        settings = read(cast(BinaryIO, file))
        try:
            models = load(settings)
        except (WeightsError, DeviceError, DirectionsError) as error:
            connection.sendall(packed(Refused(str(error))))
            return
        served = packed([one for one, _ in models])
        functions = {name: (one, compute) for one, computes in models for name, compute in computes.items()}
        connection.sendall(served)
        gc.collect()
        gc.freeze()  # else every full collection visits all of torch's modules, and answers wait for a tenth of a second
        callers = Callers(connection, served)
        while questions := callers.take(settings.batch_images):
            one, compute = functions[questions[0].name]
            for question, answer in zip(questions, answers(one.card.network, compute, questions), strict=True):
                callers.answer(question.caller, packed(answer))


def load(settings: Settings) -> list[tuple[Served, dict[str, Compute]]]:
    """Loads and warms up every weights file of the folder. Each model comes with what answers its questions, by their names.
    Raises what `read_all` does, WeightsError if one does not give its golden bytes here, and DeviceError if there is no such device."""
    torch.set_num_threads(settings.threads or min(torch.get_num_threads(), cores.available()))
    threads = torch.get_num_threads()
    where = device.choose(settings.device)
    return [prepare(one, where, settings, threads) for one in read_all(settings).values()]


def prepare(loaded: Loaded, where: torch.device, settings: Settings, threads: int) -> tuple[Served, dict[str, Compute]]:
    """Raises WeightsError."""
    # Small batches leave a core free for each event loop; a batch that is more than half full takes all cores.
    sparing = 0 if settings.threads else settings.batch_images // 2
    spared = cores.http_processes(settings.http_processes, settings.threads, where.type)
    try:
        sampler = Sampler(loaded.generator, loaded.golden, where, threads, sparing, spared)
    except InexactError as error:
        raise WeightsError(
            f"{loaded.file} does not give its golden bytes here, {error}. Its card or this machine is wrong: fetch it again; "
            "python -m app verify tells more."
        ) from None
    computes: dict[str, Compute] = {loaded.card.name: sampler}
    if loaded.hand:
        computes[hand_of(loaded.card.name)] = HandReader(loaded.hand[1])
    served = Served(
        loaded.card,
        loaded.sha256,
        str(where),
        sampler.way.name,
        sampler.wrong,
        loaded.directions,
        str(loaded.file.absolute()),
        loaded.size_bytes,
        loaded.hand[0] if loaded.hand else None,
    )
    return served, computes


def answers(network: NetworkCard, compute: Compute, questions: list[Question]) -> list[Answer | Failed]:
    """Computes questions of one name in one batch. A failed forward pass is reported as `Failed`, and the worker goes on."""
    name, began_s = questions[0].name, time.perf_counter()
    try:
        batch = Batch([piece for question in questions for piece in question.pieces], network)
        results = iter(batch.results(compute(batch.rows)))
    except Exception:
        return [Failed(name, traceback.format_exc())] * len(questions)
    rows, seconds = len(batch.rows), time.perf_counter() - began_s
    return [
        Answer(name, list(islice(results, len(question.pieces))), question.rows, rows, seconds, first=question is questions[0])
        for question in questions
    ]


if __name__ == "__main__":
    main()

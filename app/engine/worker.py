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
from itertools import islice
from typing import BinaryIO, cast

import torch

from app.engine import cores
from app.engine.batches import Batch
from app.engine.callers import Callers, Question
from app.engine.messages import Answer, Failed, HangUp, Refused, Served, packed, read
from app.engine.sampler import Sampler
from app.engine.weights_folder import Loaded, read_all
from app.settings import Settings
from models import device
from models.cards import Card
from models.device import DeviceError
from models.directions import DirectionsError
from models.golden import InexactError
from models.weights import WeightsError


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
            samplers = load(settings)
        except (WeightsError, DeviceError, DirectionsError) as error:
            connection.sendall(packed(Refused(str(error))))
            return
        served = packed([served for served, _ in samplers.values()])
        connection.sendall(served)
        gc.collect()
        gc.freeze()  # else every full collection visits all of torch's modules, and answers wait for a tenth of a second
        callers = Callers(connection, served)
        while questions := callers.take(settings.batch_images):
            served_one, sampler = samplers[questions[0].name]
            for question, answer in zip(questions, answers(served_one.card, sampler, questions), strict=True):
                callers.answer(question.caller, packed(answer))


def load(settings: Settings) -> dict[str, tuple[Served, Sampler]]:
    """Loads and warms up every weights file of the folder. Raises what `read_all` does, WeightsError if one does not give its golden bytes
    here, and DeviceError if there is no such device."""
    torch.set_num_threads(settings.threads or min(torch.get_num_threads(), cores.available()))
    threads = torch.get_num_threads()
    where = device.choose(settings.device)
    return {name: prepare(one, where, settings, threads) for name, one in read_all(settings).items()}


def prepare(loaded: Loaded, where: torch.device, settings: Settings, threads: int) -> tuple[Served, Sampler]:
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
    file = str(loaded.file.absolute())
    served = Served(loaded.card, loaded.sha256, str(where), sampler.way.name, sampler.wrong, loaded.directions, file, loaded.size_bytes)
    return served, sampler


def answers(card: Card, sampler: Sampler, questions: list[Question]) -> list[Answer | Failed]:
    """Computes questions in one batch. A failed forward pass is reported as `Failed`, and the worker goes on."""
    began_s = time.perf_counter()
    try:
        batch = Batch([piece for question in questions for piece in question.pieces], card.network)
        results = iter(batch.results(sampler(batch.rows)))
    except Exception:
        return [Failed(card.name, traceback.format_exc())] * len(questions)
    rows, seconds = len(batch.rows), time.perf_counter() - began_s
    return [
        Answer(card.name, list(islice(results, len(question.pieces))), question.rows, rows, seconds, first=question is questions[0])
        for question in questions
    ]


if __name__ == "__main__":
    main()

"""The model process answers what it was asked, in order, says what failed, and ends when nobody needs it any more."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from app.engine.batcher import FunctionGone
from app.engine.connection import ComputeError, Connection
from app.engine.messages import Answer, packed
from app.engine.process import ModelProcess, StartError
from app.settings import Settings
from models.latents import MIDDLE, Rows
from tests.running import kakite_alone, until_async

pytestmark = pytest.mark.anyio

WIDTHS = {"kakite": 64 + 10, "cgan": 100 + 10, "dense": 100}  # of rows


@pytest.fixture
def process() -> Iterator[ModelProcess]:
    """One for a test that ends it."""
    process = ModelProcess(Settings(weights=Path(kakite_alone())))
    process.wait_until_loaded()
    yield process
    process.close()


@pytest.fixture
async def connection(models: ModelProcess) -> AsyncIterator[Connection]:
    connection = models.connect()
    await connection.start()
    yield connection
    connection.close()


def rows(n: int, value: int = MIDDLE, name: str = "kakite") -> Rows:
    return np.full((n, WIDTHS[name]), value, np.uint8)


def ask(connection: Connection, n: int, value: int = MIDDLE, name: str = "kakite") -> asyncio.Task[Answer]:
    return asyncio.create_task(connection.compute(name, [rows(n, value, name)]))


async def asked(connection: Connection, questions: int) -> None:
    await until_async(lambda: sum(map(len, connection.questions.values())) >= questions)


async def test_failed_forward_pass_is_told_with_its_traceback_and_the_next_one_runs(connection: Connection) -> None:
    with pytest.raises(ComputeError, match=r"(?s)Traceback.*in answers.*RuntimeError"):
        await connection.compute("kakite", [rows(4)[:, :-1]])
    answer = await connection.compute("kakite", [rows(4)])
    assert answer.results[0].shape == (4, 28, 28)


async def test_question_that_was_given_up_does_not_get_the_next_one_its_answer(connection: Connection) -> None:
    [expected] = (await connection.compute("kakite", [rows(1, 144)])).results
    given_up, waits = ask(connection, 40), ask(connection, 1, 144)
    await asked(connection, 2)
    given_up.cancel()
    np.testing.assert_array_equal((await waits).results[0], expected)


async def test_process_that_is_killed_fails_its_questions_and_calls_for_help(process: ModelProcess) -> None:
    connection = process.connect()
    await connection.start()
    ends = []
    connection.on_end = lambda: ends.append(True)
    question = ask(connection, 4096)
    await asked(connection, 1)
    process.process.kill()
    with pytest.raises(FunctionGone):
        await question
    assert not connection.alive
    assert ends == [True]
    with pytest.raises(FunctionGone):
        await connection.compute("kakite", [rows(1)])
    connection.close()


async def test_questions_of_several_are_computed_together_counted_once_and_get_the_bytes_that_they_get_alone(models: ModelProcess) -> None:
    connections = [models.connect() for _ in range(3)]
    for connection in connections:
        await connection.start()
    models.process.send_signal(signal.SIGSTOP)
    try:
        waiting = [ask(connection, 3, 100 + i) for i, connection in enumerate(connections)]
        for connection in connections:
            await asked(connection, 1)
    finally:
        models.process.send_signal(signal.SIGCONT)  # the whole session needs it
    answers = [await question for question in waiting]
    assert {answer.batch_rows for answer in answers} == {9}
    assert sum(answer.first for answer in answers) == 1
    for i, answer in enumerate(answers):
        alone = await ask(connections[0], 3, 100 + i)
        assert alone.batch_rows == 3
        np.testing.assert_array_equal(alone.results[0], answer.results[0])
    for connection in connections:
        connection.close()


async def test_one_who_goes_or_does_not_read_harms_nobody(models: ModelProcess, connection: Connection) -> None:
    deaf, gone = models.connect(), models.connect()
    for _ in range(40):  # 2 MB of answers, ten times what the way to it holds
        deaf.socket.sendall(packed(("dense", [rows(64, name="dense")])))
    gone.socket.sendall(packed(("kakite", [rows(64)])))
    gone.close()
    assert len((await ask(connection, 5)).results[0]) == 5
    deaf.close()
    assert len((await ask(connection, 5)).results[0]) == 5


async def test_process_that_dies_while_it_loads_is_told_of() -> None:
    process = ModelProcess(Settings())
    process.process.kill()
    with pytest.raises(StartError, match=r"ended while it loaded \(signal 9\)"):
        process.wait_until_loaded()


async def test_process_that_refuses_has_ended() -> None:
    process = ModelProcess(Settings(model="nobody"))
    with pytest.raises(StartError, match="default model nobody"):
        process.wait_until_loaded()
    assert process.process.returncode is not None


async def test_process_ends_by_itself_when_closed(process: ModelProcess) -> None:
    process.close()
    assert process.process.returncode == 0

"""The model process answers what it was asked, in order, says what failed, and ends when nobody needs it any more."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from app.batcher import Array, Gone
from app.process import ComputeError, ModelProcess, StartError
from app.settings import Settings
from models.latents import MIDDLE, Rows

pytestmark = pytest.mark.anyio

WIDTH = 64 + 10  # of the rows of the default model


@pytest.fixture
async def process() -> AsyncIterator[ModelProcess]:
    process = ModelProcess(Settings())
    process.wait_until_loaded()
    await process.start()
    yield process
    await process.close()


def rows(n: int, value: int = MIDDLE) -> Rows:
    return np.full((n, WIDTH), value, np.uint8)


def ask(process: ModelProcess, n: int, value: int = MIDDLE) -> asyncio.Task[Array]:
    return asyncio.create_task(process.compute("kakite", rows(n, value)))


async def asked(process: ModelProcess, questions: int) -> None:
    while len(process.questions) < questions:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


async def test_failed_forward_pass_is_told_with_its_traceback_and_the_next_one_runs(process: ModelProcess) -> None:
    with pytest.raises(ComputeError, match=r"(?s)Traceback.*in computed.*RuntimeError"):
        await process.compute("kakite", rows(4)[:, :-1])
    assert (await process.compute("kakite", rows(4))).shape == (4, 28, 28)


async def test_question_that_was_given_up_does_not_get_the_next_one_its_answer(process: ModelProcess) -> None:
    expected = await process.compute("kakite", rows(1, 144))
    given_up, waits = ask(process, 40), ask(process, 1, 144)
    await asked(process, 2)
    given_up.cancel()
    np.testing.assert_array_equal(await waits, expected)


async def test_process_that_is_killed_fails_its_questions_and_calls_for_help(process: ModelProcess) -> None:
    ends = []
    process.on_end = lambda: ends.append(True)
    question = ask(process, 4096)
    await asked(process, 1)
    process.process.kill()
    with pytest.raises(Gone):
        await question
    assert not process.alive
    assert ends == [True]
    with pytest.raises(Gone):
        await process.compute("kakite", rows(1))


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
    await process.close()
    assert process.process.returncode == 0

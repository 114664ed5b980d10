"""nginx as shipped: what any living replica can answer is answered. The replicas are stand-ins that say what a test wants."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from tests.proxying import proxy, refuse_without_nginx
from tests.running import PATIENCE_S, free_port

ALIVE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 4\r\n\r\nfull"

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nginx_is_there")]


@pytest.fixture(scope="module")
def nginx_is_there() -> None:
    refuse_without_nginx()


class StandIn:
    """A replica that gives one answer to everything, or does not listen. `asked` counts requests."""

    def __init__(self) -> None:
        self.port = free_port()
        self.says = ALIVE
        self.asked = 0
        self.bodies: list[bytes] = []
        self.server: asyncio.Server | None = None
        self.open: set[asyncio.StreamWriter] = set()

    async def start(self, says: bytes = ALIVE) -> None:
        self.says = says
        if self.server is None:
            self.server = await asyncio.start_server(self.answer, "127.0.0.1", self.port)

    async def end(self) -> None:
        if self.server is not None:
            self.server.close()
            for writer in self.open:
                writer.transport.abort()
            self.server = None

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next((int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")), 0)
                self.bodies.append(await reader.readexactly(length))
                self.asked += 1
                writer.write(self.says)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open.remove(writer)
            writer.close()


@asynccontextmanager
async def stand_ins(count: int) -> AsyncIterator[list[StandIn]]:
    several = [StandIn() for _ in range(count)]
    async with AsyncExitStack() as stack:
        for one in several:
            await one.start()
            stack.push_async_callback(one.end)
        yield several


@asynccontextmanager
async def client_of(folder: Path, replicas: list[StandIn], changed: Callable[[str], str] = str) -> AsyncIterator[httpx.AsyncClient]:
    """nginx before them, and a client of it."""
    context = proxy(folder, [one.port for one in replicas], changed)
    url = await asyncio.to_thread(context.__enter__)
    try:
        async with httpx.AsyncClient(base_url=url) as client:
            yield client
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


async def asked(client: httpx.AsyncClient) -> set[int]:
    """The statuses of some requests of either kind, each of which begins with another replica."""
    answers = [await client.get("/generate?seed=7") for _ in range(7)]
    answers += [await client.post("/generate", json={"seed": 7}) for _ in range(7)]
    return {answer.status_code for answer in answers}


@pytest.mark.parametrize("count", [2, 3, 7])
async def test_one_that_lives_is_enough_whichever_it_is_and_whatever_died_just_before(count: int, tmp_path: Path) -> None:
    async with stand_ins(count) as replicas, client_of(tmp_path, replicas) as client:
        for living in (*replicas, *reversed(replicas)):
            await living.start()
            for other in replicas:
                if other is not living:
                    await other.end()
            assert await asked(client) == {200}


async def test_one_that_refuses_stands_for_itself_alone(tmp_path: Path) -> None:
    """It is full, or its model has died: then it refuses at once, so all would be sent to it, which has the least to do."""
    async with stand_ins(4) as replicas, client_of(tmp_path, replicas) as client:
        for refusing, gone, _, other in (replicas, replicas[::-1]):
            await refusing.start(FULL)
            await gone.end()
            await other.end()
            assert await asked(client) == {200}
            for one in (refusing, gone, other):
                await one.start()


async def test_overload_of_all_is_their_own_answer_and_most_of_them_do_not_hear_of_it(tmp_path: Path) -> None:
    async with stand_ins(20) as replicas, client_of(tmp_path, replicas) as client:
        for one in replicas:
            one.says, one.asked = FULL, 0
        answer = await client.post("/generate", json={"seed": 7})
        assert (answer.status_code, answer.headers["retry-after"], answer.content) == (503, "1", b"full")
        assert sum(one.asked for one in replicas) <= 6
        assert all(b"seed" in one.bodies[-1] for one in replicas if one.asked)
        for one in replicas:
            one.says = ALIVE
        assert await asked(client) == {200}, "none is left alone for having been full"


@pytest.mark.parametrize("count", [1, 2])
async def test_overload_of_few_is_their_own_answer(count: int, tmp_path: Path) -> None:
    async with stand_ins(count) as replicas, client_of(tmp_path, replicas) as client:
        for one in replicas:
            one.says = FULL
        for _ in range(5):
            assert (await client.get("/generate")).content == b"full"


@pytest.mark.parametrize("count", [1, 3])
async def test_where_none_lives_a_sentence_says_so_and_the_first_that_lives_is_found(count: int, tmp_path: Path) -> None:
    async with stand_ins(count) as replicas, client_of(tmp_path, replicas) as client:
        for one in replicas:
            await one.end()
        for method in ("GET", "POST"):
            answer = await client.request(method, "/generate")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert "No replica can be reached" in answer.json()["detail"]
        await replicas[-1].start()
        assert await asked(client) == {200}


async def test_body_beyond_the_services_limit_reaches_no_replica(tmp_path: Path) -> None:
    async with stand_ins(1) as replicas, client_of(tmp_path, replicas) as client:
        limit = Settings().body_limit_bytes
        assert (await client.post("/generate", content=bytes(limit))).status_code == 200
        asked = replicas[0].asked
        answer = await client.post("/generate", content=bytes(limit + 1))
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
        assert "KAKITE_BODY_LIMIT_BYTES" in answer.json()["detail"]
        assert replicas[0].asked == asked


async def test_data_set_goes_through_as_it_is_written(tmp_path: Path) -> None:
    begun = ALIVE.replace(b": 2\r", b": 20\r")
    async with stand_ins(1) as replicas, client_of(tmp_path, replicas) as client:
        replicas[0].says = begun
        async with client.stream("GET", "/dataset?n=20") as answer, asyncio.timeout(PATIENCE_S):
            assert await anext(answer.aiter_raw()) == b"ok"  # and the rest is never written


async def test_who_sends_slowly_keeps_no_replica_busy(tmp_path: Path) -> None:
    def hasty(shipped: str) -> str:
        assert shipped.count("_timeout 10s;") == 2
        return shipped.replace("_timeout 10s;", "_timeout 1s;")

    async with stand_ins(1) as replicas, client_of(tmp_path, replicas, hasty) as client:
        before = replicas[0].asked
        for begun in (b"GET /generate HTTP/1.1\r\nhost: ", b"POST /generate HTTP/1.1\r\nhost: kakite\r\ncontent-length: 20\r\n\r\n{"):
            reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
            writer.write(begun)
            async with asyncio.timeout(PATIENCE_S):
                await reader.read()  # until it is hung up
            writer.close()
        assert replicas[0].asked == before

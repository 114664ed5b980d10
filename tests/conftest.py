"""What the tests share: real digits, a running service, and where all of MNIST lies."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from app.engine.batcher import Batcher
from app.engine.process import ModelProcess
from app.main import create_app
from app.settings import Settings
from tests.browsing import started
from tests.command_line import TRAIN, run
from tests.doubling import Doubling
from tests.running import ALL_MODELS, server

# What `make test-quick` leaves out: tests with one of these fixtures, and modules that start programs, or train.
SLOW_FIXTURES = {"browser", "mnist", "service"}
SLOW_MODULES = {
    "class_names",
    "commands",
    "contract",
    "data_command",
    "directions",
    "distillation",
    "documents",
    "downloads",
    "encoder",
    "evaluate",
    "examples",
    "export",
    "files",
    "filmstrip",
    "generated_clients",
    "golden",
    "gone",
    "hand",
    "headers",
    "hostile",
    "http_processes",
    "installed",
    "judge",
    "keys",
    "limits",
    "local",
    "machines",
    "memory",
    "observing",
    "orphans",
    "overload",
    "own_data",
    "own_recipes",
    "page_alone",
    "page_generator",
    "page_hand",
    "page_package",
    "page_prefix",
    "probe",
    "process",
    "processes",
    "proxy",
    "read_back",
    "replicas",
    "runs",
    "scans",
    "scoring",
    "server",
    "service_commands",
    "shards",
    "shown",
    "signals",
    "stacked",
    "sweep",
    "terminals",
    "training",
    "unix_sockets",
    "watchdog",
    "writing",
}
DIGITS = Path(__file__).parent / "data"  # the first 400 images of the MNIST test set


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the slow ones. Their files come first, so that in the end, when one worker is done, the other has little left to do."""
    for item in items:
        module = item.path.stem.removeprefix("test_")
        if module in SLOW_MODULES or SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def plain_settings() -> Iterator[None]:
    """What the developer has set for the service does not reach the tests."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("KAKITE_") and name != "KAKITE_DATA"}
    yield
    os.environ.update(kept)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """One event loop for the session, so that the service is loaded once."""
    return "asyncio"


@pytest.fixture(scope="session")
def models() -> Iterator[ModelProcess]:
    """The model process with the shipped weights, to which services connect that need none of their own."""
    process = ModelProcess(Settings())
    process.wait_until_loaded()
    yield process
    process.close()


@pytest.fixture(scope="session")
async def client(models: ModelProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service with the shipped weights, over ASGI."""
    app = create_app(Settings(), models.connect())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://kakite") as client,
    ):
        yield client


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """The address of a real server with the shipped weights."""
    with server(None, **ALL_MODELS) as (_, url):
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with the module, for Playwright's event loop lets no other run."""
    with sync_playwright() as playwright:
        browser = started(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def kept_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of IDX files whose training set is the 400 digits, too. Nobody changes it."""
    folder = tmp_path_factory.mktemp("kept") / "data"
    shutil.copytree(DIGITS, folder)
    for file in DIGITS.glob("t10k*"):
        shutil.copy(file, folder / file.name.replace("t10k", "train"))
    return folder


@pytest.fixture
def data(kept_data: Path, tmp_path: Path) -> Path:
    """The same, for one test alone."""
    return shutil.copytree(kept_data, tmp_path / "data")


@pytest.fixture(scope="session")
def trained(kept_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a short run of `dense` that came to its end, for tests that only look at it, or change a copy."""
    out = tmp_path_factory.mktemp("trained") / "run"
    assert run(*TRAIN, "--data", kept_data, "--out", out) == 0
    return out


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The folder with all of MNIST, where KAKITE_DATA names one."""
    if not os.environ.get("KAKITE_DATA"):
        pytest.skip("needs all of MNIST: python -m training data, then KAKITE_DATA=that folder")
    return Path(os.environ["KAKITE_DATA"])


@pytest.fixture
def function() -> Doubling:
    return Doubling()


@pytest.fixture
async def batcher(function: Doubling) -> AsyncIterator[Batcher]:
    """Batches of 32, at most 100 rows pending."""
    batcher = Batcher(function, batch_rows=32, limit_rows=100)
    batcher.start()
    yield batcher
    function.let(1000)
    await batcher.close()

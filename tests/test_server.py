"""The real server, as a process: it starts, answers, and leaves without dropping anyone."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from models import weights
from models.cards import FOLDER
from models.networks import Refined
from tests.metrics import sample
from tests.running import PATIENCE_S, free_port, model_process, resident_bytes, server, until, wait_until_gone


def test_sigterm_finishes_what_is_in_flight_and_leaves_cleanly() -> None:
    """With a queue of 500 images, more are refused exactly while a sheet of 1024 is not yet written."""
    with (
        server(KAKITE_QUEUE_LIMIT_IMAGES="500", KAKITE_BATCH_IMAGES="16", KAKITE_ACCESS_LOG="1") as (process, url),
        ThreadPoolExecutor(1) as threads,
    ):
        in_flight = threads.submit(httpx.get, f"{url}/grid?n=1024&seed=7", timeout=PATIENCE_S)
        while httpx.get(f"{url}/grid?n=1&seed=7", timeout=PATIENCE_S).status_code != 503:
            assert not in_flight.done()
        process.send_signal(signal.SIGTERM)
        assert in_flight.result().status_code == 200
        assert process.wait(PATIENCE_S) == 0
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/livez")
        assert process.stderr is not None
        assert re.search(r"GET /grid .*n 1024,.*status 200", process.stderr.read())  # nothing of the log is lost


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_model_process_ends_with_its_server(how: signal.Signals) -> None:
    with server() as (process, _):
        models = model_process(process)
        process.send_signal(how)
        assert process.wait(PATIENCE_S) == (-how if how == signal.SIGKILL else 0)
        wait_until_gone(models)
        assert process.stderr is not None
        assert "The model process" not in process.stderr.read()  # it was not killed


def test_server_ends_with_its_model_process_so_that_it_is_started_anew() -> None:
    with server() as (process, _):
        os.kill(model_process(process), signal.SIGKILL)
        assert process.wait(PATIENCE_S) == 1
        assert process.stderr is not None
        assert "The model process has ended" in process.stderr.read()


def test_server_whose_model_process_has_gone_waits_for_no_slow_client() -> None:
    """Far less long than clients and requests are given here."""
    with (
        server(KAKITE_CLIENT_TIMEOUT_S="3600", KAKITE_TIMEOUT_MS="3600000", KAKITE_GRACE_S="3600") as (process, url),
        socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 80)) as client,
    ):
        client.sendall(b"POST /generate HTTP/1.1\r\nHost: kakite\r\nContent-Length: 10\r\n\r\n{")
        httpx.get(f"{url}/livez")
        os.kill(model_process(process), signal.SIGKILL)
        assert process.wait(PATIENCE_S) == 1


def test_probes_answer_while_large_grids_are_computed() -> None:
    """However fast the machine is: a probe takes a small part of the time that the sheets take."""
    with server() as (_, url), ThreadPoolExecutor(2) as threads, httpx.Client(timeout=PATIENCE_S) as client:
        client.get(f"{url}/livez")
        began = time.monotonic()
        grids = [threads.submit(httpx.get, f"{url}/grid?n=1024&scale=4&seed={seed}", timeout=PATIENCE_S) for seed in range(2)]
        probes_s = []
        while not all(grid.done() for grid in grids):
            asked = time.monotonic()
            assert client.get(f"{url}/livez").status_code == 200
            probes_s.append(time.monotonic() - asked)
        assert [grid.result().status_code for grid in grids] == [200, 200]
        assert max(probes_s) < (time.monotonic() - began) / 3


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders of weights that cannot be served."""
    folder = tmp_path_factory.mktemp("places")
    broken = folder / "broken"
    shutil.copytree(FOLDER, broken)
    (broken / "dcgan.safetensors").write_bytes((broken / "dcgan.safetensors").read_bytes()[:5000])
    (folder / "empty").mkdir()
    shipped = weights.load(FOLDER / "kakite.safetensors")
    card, told = shipped.card, shipped.card.integers
    assert told is not None
    generator = Refined(z_dim=64, hidden=256).generator(10)
    weights.save(folder / "float" / "kakite.safetensors", generator, card.model_copy(update={"integers": None}))
    untrue = card.model_copy(update={"integers": told.model_copy(update={"golden_first": "0" * 64})})
    weights.save(folder / "untrue" / "kakite.safetensors", shipped.generator, untrue)
    (folder / "foreign").mkdir()
    shutil.copy(FOLDER / "dcgan.safetensors", folder / "foreign" / "kakite.safetensors")
    shutil.copy(FOLDER / "kakite.directions.json", folder / "foreign")
    return {place.name.upper(): str(place) for place in folder.iterdir()}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"KAKITE_WEIGHTS": "BROKEN"}, r"dcgan\.safetensors is no whole safetensors file .* fetch it again"),
        ({"KAKITE_WEIGHTS": "EMPTY"}, r"holds no \.safetensors file\. Train one, or set KAKITE_WEIGHTS"),
        ({"KAKITE_MODEL": "nobody"}, r"default model nobody is not in .* Set KAKITE_MODEL to one of: cgan, dcgan, dense, kakite"),
        ({"KAKITE_WEIGHTS": "FLOAT"}, r"holds a float generator.* Make one of it: python -m training integers /.*/kakite\.safetensors"),
        (
            {"KAKITE_WEIGHTS": "UNTRUE"},
            r"/kakite\.safetensors does not give its golden bytes here, .*float32 by products on .*: fetch it again",
        ),
        ({"KAKITE_WEIGHTS": "nowhere"}, r"nowhere is no folder\. Set KAKITE_WEIGHTS"),
        ({"KAKITE_WEIGHTS": "FOREIGN"}, r"kakite\.directions\.json belongs to other weights of that name\. Remove it, or find them anew"),
        ({"KAKITE_BATCH_IMAGES": "lots"}, r"KAKITE_BATCH_IMAGES: Input should be a valid integer"),
    ],
)
def test_start_that_cannot_succeed_ends_with_one_sentence(settings: dict[str, str], sentence: str, places: dict[str, str]) -> None:
    environment = {**os.environ, **{name: places.get(value, value) for name, value in settings.items()}}
    command = [sys.executable, "-m", "app", "--port", str(free_port())]
    process = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert process.returncode == 1
    assert re.search(sentence, process.stderr)
    assert "Traceback" not in process.stderr


def test_foreign_address_is_told() -> None:
    for host in ("nowhere.invalid", "a..b", "http://localhost", "192.0.2.1"):
        command = [sys.executable, "-m", "app", "--host", host, "--port", str(free_port())]
        process = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert (process.returncode, "Traceback" in process.stderr) == (1, False)
        assert f"{host} is no address of this machine" in process.stderr


def test_port_in_use_is_told_before_anything_is_loaded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "app", "--port", str(taken.getsockname()[1])]
        environment = {**os.environ, "KAKITE_WIEGHTS": "misspelt"}
        process = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert process.returncode == 1
    assert "Choose another port: --port N" in process.stderr
    assert "KAKITE_WIEGHTS is no setting. There are: KAKITE_WEIGHTS, KAKITE_MODEL" in process.stderr
    assert "Traceback" not in process.stderr


def test_data_set_is_streamed_in_flat_memory_and_single_digits_come_in_between() -> None:
    with server() as (process, url), httpx.Client(timeout=PATIENCE_S) as client:
        client.get(f"{url}/dataset?n=2000").raise_for_status()
        before, digits, pieces = resident_bytes(process.pid), 0, 0
        with client.stream("GET", f"{url}/dataset?n=20000&format=npz") as answer, httpx.Client(timeout=PATIENCE_S) as other:
            for _ in answer.iter_bytes(784 * 1024):
                pieces += 1
                digits += other.get(f"{url}/generate?seed=7").status_code == 200
        assert digits == pieces > 15
        assert resident_bytes(process.pid) - before < 10_000_000  # of 16 million bytes sent


def test_data_set_ends_with_its_reader() -> None:
    with server() as (_, url), httpx.Client(timeout=PATIENCE_S) as client:
        with client.stream("GET", f"{url}/dataset?n=10000000&format=npz") as answer:
            next(answer.iter_bytes())
        until(lambda: sample(url, "kakite_pending_images") == 0)

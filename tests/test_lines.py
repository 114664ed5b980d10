"""What is logged never makes anybody wait, is whole, and is counted where it is lost."""

import contextlib
import os
import time
from collections.abc import Iterator

import pytest

from app.telemetry import lines
from app.telemetry.lines import Lines

PATIENCE_S = 20


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def read_until(descriptor: int, last: str) -> list[str]:
    content = b""
    while not content.endswith(last.encode()):
        content += os.read(descriptor, 65_536)
    return content.decode().splitlines()


def test_lines_come_whole_and_in_order(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    stream = Lines(writing)
    written = [f"{i} {'書き手' * (i % 40)}" for i in range(2_000)]
    for line in written:
        stream.write(line + "\n")
    assert read_until(reading, written[-1] + "\n") == written


def test_what_is_still_to_be_written_is_waited_for_at_the_end(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    stream = Lines(writing)
    stream.write("the last\n")
    stream.close()
    os.set_blocking(reading, False)
    assert os.read(reading, 100) == b"the last\n"


def test_pipe_that_nobody_reads_holds_nobody_up_and_what_is_lost_is_counted(
    pipe: tuple[int, int], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "PATIENCE_S", 0.01)
    reading, writing = pipe
    counted: list[int] = []
    stream = Lines(writing, counted.append)
    for i in range(30_000):  # 3 MB, of which the pipe holds 64 KiB
        stream.write(f"{i:099d}\n")
    stream.close()
    lost = sum(counted)
    assert 30_000 - (lines.LIMIT_BYTES + 65_536) // 100 - 100 <= lost < 30_000
    deadline = time.monotonic() + PATIENCE_S
    read = b""
    while read.count(b"\n") < 30_000 - lost:  # now somebody does
        read += os.read(reading, 65_536)
        assert time.monotonic() < deadline
    assert len(read) == 100 * (30_000 - lost)
    while "log lines were dropped" not in caplog.text:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert f"{lost} log lines were dropped" in caplog.text


def test_lines_that_come_while_others_are_written_are_written_too(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "PATIENCE_S", 0.01)
    reading, writing = pipe
    stream = Lines(writing)
    stream.write("x" * 1_000_000 + "\n")  # more than the pipe holds
    deadline = time.monotonic() + PATIENCE_S
    while stream.waiting:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    stream.write("the last\n")
    stream.close()
    read = b""
    os.set_blocking(reading, False)
    while not read.endswith(b"the last\n"):
        assert time.monotonic() < deadline
        with contextlib.suppress(BlockingIOError):
            read += os.read(reading, 65_536)


def test_descriptor_that_cannot_be_written_loses_lines_and_nothing_else(pipe: tuple[int, int]) -> None:
    counted: list[int] = []
    stream = Lines(pipe[0], counted.append)  # the end to read from
    stream.write("a line\n")
    stream.close()
    assert counted == [1]

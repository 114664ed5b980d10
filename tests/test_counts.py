"""Numbers that processes keep together, and how many processes there are."""

import tempfile
from pathlib import Path

import pytest

from app.engine import cores
from app.telemetry.counts import Count, Counts


def test_each_writes_its_own_part_and_all_read_the_sum() -> None:
    with tempfile.TemporaryFile() as file:
        first, second = (Counts(["pending", "queued"], 2, mine, file) for mine in (0, 1))
        first["pending"].add(5)
        second["pending"].add(7)
        second["queued"].add(1)
        first["pending"].add(-2)
        assert (first["pending"].total, second["pending"].total, first["queued"].total) == (10, 10, 1)
        first.forget(1)
        assert (first["pending"].total, second["queued"].total) == (3, 0)


def test_number_of_one_process_needs_no_others() -> None:
    count = Count()
    count.add(3)
    assert count.total == 3


@pytest.mark.parametrize(("quota", "most"), [("max 100000\n", None), ("200000 100000\n", 2), ("150000 100000\n", 2), ("10000 100000\n", 1)])
def test_container_has_no_more_cores_than_it_is_given(tmp_path: Path, quota: str, most: int | None) -> None:
    there = cores.available(tmp_path / "nothing")
    (tmp_path / "cpu.max").write_text(quota)
    assert cores.available(tmp_path / "cpu.max") == (there if most is None else min(there, most))


def test_processes_for_http_are_as_many_as_can_be_busy_beside_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores.http_processes(3, 0, "cpu") == 3
    assert cores.http_processes(0, 2, "cpu") == 1
    for there, beside_a_cpu, beside_a_gpu in ((1, 1, 1), (2, 1, 1), (4, 2, 3), (16, 8, 15), (64, 16, 16)):
        monkeypatch.setattr(cores, "available", lambda there=there: there)
        assert (cores.http_processes(0, 0, "cpu"), cores.http_processes(0, 0, "cuda")) == (beside_a_cpu, beside_a_gpu)

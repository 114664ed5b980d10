"""What may be kept for ever is pinned: the bytes of an answer of every kind, under the revision that tags and versions take."""

import pytest

from app import REVISION
from app.encode.formats import PNG
from app.engine import registry
from app.engine.messages import Served
from app.http import caching
from app.schemas.pictures import GridQuery
from tests import golden

pytestmark = pytest.mark.anyio

REMEDY = "If this is meant: raise REVISION in app/__init__.py, then python -m tests.golden. If not, answers that caches keep were changed."


async def test_answers_of_every_kind_have_the_bytes_of_their_revision() -> None:
    recorded, now = golden.recorded(), await golden.answers()
    assert recorded["revision"] == REVISION, REMEDY
    changed = [kind for kind in {**recorded["answers"], **now} if recorded["answers"].get(kind) != now.get(kind)]
    assert not changed, REMEDY


def test_revision_is_in_every_version_and_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> tuple[str, str]:
        served = Served(golden.CARD, "a", "cpu", "int8")
        return registry.Model(served, None).version, caching.etag(served, "/grid", GridQuery(seed=7), PNG)  # type: ignore[arg-type]

    before = told()
    monkeypatch.setattr("app.engine.messages.REVISION", REVISION + 1)
    assert all(a != b for a, b in zip(before, told(), strict=True))


def test_machine_is_in_no_version_and_no_tag() -> None:
    kinds = [Served(golden.CARD, "a", device, way) for device, way in (("cpu", "int8"), ("cpu", "float32"), ("cuda:0", "float32"))]
    assert len({served.identity for served in kinds}) == 1


def test_recording_refuses_changes_under_the_same_revision(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async def others() -> dict[str, str]:
        return {**golden.recorded()["answers"], "digit": "other"}

    before = golden.FILE.read_bytes()
    monkeypatch.setattr(golden, "answers", others)
    assert golden.main() == 1
    assert "digit. Raise REVISION" in capsys.readouterr().err
    assert golden.FILE.read_bytes() == before

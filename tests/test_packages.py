"""What is installed: packages that are known by their hashes, and of whose weaknesses somebody is asked."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from deploy import audit
from tests.running import PATIENCE_S

ROOT = Path(__file__).parent.parent
LOCKS = ROOT / "deploy" / "locks"
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;]+)[^\n]*((?:\n +--hash=sha256:[0-9a-f]{64}(?: \\)?)*)$", re.MULTILINE)
TORCH = canonicalize_name("torch")


def locked(lock: str) -> dict[NormalizedName, tuple[str, int]]:
    """Of each package its version and how many hashes it has."""
    text = (LOCKS / f"{lock}.txt").read_text()
    found = {canonicalize_name(name): (version, hashes.count("sha256")) for name, version, hashes in LOCKED.findall(text)}
    assert len(found) == sum("==" in line for line in text.splitlines() if not line.startswith((" ", "#")))
    return found


def test_every_package_of_an_image_is_known_by_hashes_and_has_the_version_of_constraints() -> None:
    constraints = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines())
    pinned = {canonicalize_name(name): version for name, version in constraints.items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {"serve": project["dependencies"], "train": project["dependencies"] + project["optional-dependencies"]["training"]}
    cuda = locked("cuda")
    assert cuda[TORCH][0] == pinned[TORCH]
    for lock, requirements in wanted.items():
        packages = locked(lock)
        assert not packages.keys() & cuda.keys()
        for name, (version, hashes) in (packages | cuda).items():
            assert hashes, f"{name} has no hash"
            assert version == pinned.get(name, version), name
        for text in requirements:
            requirement = Requirement(text)
            version, _ = (packages | cuda)[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), f"{text}: make lock"


def test_dockerfile_installs_by_hash_whatever_has_one() -> None:
    text = (ROOT / "Dockerfile").read_text()
    installs = re.findall(r"pip install ([^\\&;}]*)", text)
    assert len(installs) == 5
    assert [line.split()[-1] for line in installs if "--require-hashes" not in line] == ["torch.txt"]
    assert "PIP_ONLY_BINARY=:all:" in text


def test_audit_fails_for_a_weakness_and_not_where_nothing_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    weakness = {"id": "PYSEC-2026-1", "fix_versions": ["2.0"], "description": "Bad."}
    weak, fine = {"name": "a", "version": "1.0", "vulns": [weakness]}, {"name": "b", "version": "1.0", "vulns": []}
    skipped = {"name": "c", "skip_reason": "not found"}
    assert audit.told([weak, fine]) == 1
    assert "a 1.0: PYSEC-2026-1, mended in 2.0. Bad." in capsys.readouterr().out
    assert audit.told([fine, skipped]) == 0
    assert "Nothing is known of c." in capsys.readouterr().out
    assert audit.told([skipped]) == 0
    assert "were not asked for" in capsys.readouterr().out
    assert {f"torch=={locked('cuda')[TORCH][0]}", "setuptools==" + locked("serve")[canonicalize_name("setuptools")][0]} <= set(
        audit.pinned()
    )


@pytest.mark.parametrize(
    ("program", "limit_s", "status", "sentence"),
    [
        ("import time; time.sleep(600)", 1, 0, "nothing was heard within"),
        ("raise ConnectionError('no route to pypi.org')", PATIENCE_S, 0, "no route to pypi.org. Where PyPI itself"),
        ("raise SystemExit('ERROR: requirement x is no requirement')", PATIENCE_S, 1, "x is no requirement"),
    ],
)
def test_audit_goes_on_where_nobody_can_be_asked(
    program: str,
    limit_s: int,
    status: int,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "pip_audit.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(audit, "LIMIT_S", limit_s)
    monkeypatch.setattr("sys.argv", ["audit"])
    assert audit.main() == status
    told = capfd.readouterr()
    assert sentence in told.out + told.err

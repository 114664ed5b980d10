"""python -m deploy.lock [--upgrade]: writes deploy/locks anew, which name every package of an image with the hashes of its files.

Versions are those of constraints.txt; what that does not name keeps the version it has, or with --upgrade takes the newest. The files hold
for x86-64 and Arm, Python 3.11 and later. torch and what it needs of CUDA have a file of their own, `cuda.txt`: it is that of the package
index. The CPU build comes from PyTorch's index under the same version with other bytes, so it is the one package without a hash.
uv asks the package index; nothing is installed.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ROOT / "deploy" / "locks"
EXTRAS = {"serve": [], "train": ["training"]}  # of pyproject.toml, by lock
CUDA = re.compile(r"torch|triton|nvidia-.*|cuda-.*")  # names of packages
PACKAGE = re.compile(r"([A-Za-z0-9._-]+)==[^ ]+.*(?:\n +--hash=.*)+\n")  # of what uv writes
HEAD = "# Written by `make lock`; not to be edited.\n"


def locked(extras: list[str], kept: str, *arguments: str) -> dict[str, str]:
    """Of each package its lines: version, marker, hashes. `kept` are the lines of before, whose versions stay."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lock.txt"
        file.write_text(kept)
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
        command += ["--no-header", "--no-annotate", "--constraint", "constraints.txt", *(f"--extra={extra}" for extra in extras)]
        subprocess.run([*command, *arguments, "--output-file", str(file), "pyproject.toml"], cwd=ROOT, check=True)
        return {found[1]: found[0] for found in PACKAGE.finditer(file.read_text())}


def written(lock: str) -> str:
    file = LOCKS / f"{lock}.txt"
    return file.read_text() if file.exists() else ""


def main() -> int:
    kept = "".join(map(written, ("train", "cuda")))
    locks: dict[str, dict[str, str]] = {"cuda": {}}
    for lock, extras in EXTRAS.items():
        packages = locked(extras, kept, *sys.argv[1:])
        locks[lock] = {name: lines for name, lines in packages.items() if not CUDA.fullmatch(name)}
        locks["cuda"] |= {name: lines for name, lines in packages.items() if CUDA.fullmatch(name)}
    for lock, packages in locks.items():
        (LOCKS / f"{lock}.txt").write_text(HEAD + "".join(packages[name] for name in sorted(packages)))
        print(f"deploy/locks/{lock}.txt: {len(packages)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""python -m deploy.audit: what weaknesses are known of the packages in constraints.txt and deploy/locks? Exit status 1 where any is.

pip-audit asks PyPI, which it cannot do everywhere: where PyPI is not heard of within a time, or knows none of the packages (as mirrors do
not), a sentence says so and the exit status is 0. Arguments are pip-audit's: --ignore-vuln ID, say, for one that does not concern us.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LIMIT_S = 120
PINNED = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*==[^\s;]+", re.MULTILINE)
UNREACHED = re.compile(
    r"(ConnectionError|Timeout|ProxyError|SSLError|HTTPError|ServiceError|Could not connect)\b"
)  # of requests and pip-audit


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "packages.txt"
        file.write_text("".join(f"{package}\n" for package in pinned()))
        command = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off", "--disable-pip", "--no-deps"]
        try:
            done = subprocess.run(
                [*command, f"--requirement={file}", *sys.argv[1:]], capture_output=True, text=True, timeout=LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return unheard(f"nothing was heard within {LIMIT_S} s")
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:  # it tells of its own failures elsewhere
        if UNREACHED.search(done.stderr):
            return unheard(done.stderr.strip().splitlines()[-1].partition(" (Caused by")[0])
        print(done.stderr, file=sys.stderr)
        return done.returncode or 1
    return told(packages)


def pinned() -> list[str]:
    """Name and version of all."""
    files = [ROOT / "constraints.txt", *(ROOT / "deploy" / "locks").glob("*.txt")]
    return sorted({found[0] for file in files for found in PINNED.finditer(file.read_text())})


def unheard(why: str) -> int:
    print(f"Weaknesses of packages were not asked for: {why}. Where PyPI itself can be reached, `make audit` does.")
    return 0


def told(packages: list[dict[str, Any]]) -> int:
    """Prints what was heard of each."""
    heard = [package for package in packages if "skip_reason" not in package]
    if not heard:
        return unheard("this package index knows nothing of them")
    weak = [(package, weakness) for package in heard for weakness in package["vulns"]]
    for package, weakness in weak:
        mended = ", ".join(weakness["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {weakness['id']}, mended in {mended}. {weakness.get('description', '')[:200]}")
    print(f"{len(heard)} packages asked for, {len(weak)} weaknesses known.")
    if skipped := ", ".join(package["name"] for package in packages if "skip_reason" in package):
        print(f"Nothing is known of {skipped}.")
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())

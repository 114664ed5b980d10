"""The OpenAPI document is true: thousands of requests made from it, and of ones that break it, meet no server error and no
status or content that it does not name."""

import subprocess
import sys
from pathlib import Path

CONFIG = Path(__file__).parent / "schemathesis.toml"
PATIENCE_S = 280
CASES = 50  # an operation, of each kind


def test_server_does_what_its_document_says(service: str) -> None:
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG, "run", f"{service}/openapi.json"]
    options = ["--checks", "all", "--phases", "examples,coverage,fuzzing", "--max-examples", str(CASES), "--seed", "7"]
    options += ["--max-response-time", "60", "--request-timeout", "60", "--workers", "1", "--no-color", "--continue-on-failure"]
    told = subprocess.run([*map(str, command), *options], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert told.returncode == 0, told.stdout[-8000:] + told.stderr

"""Digits by httpx: one, those that one names, and the same again from the seed that was told.

python examples/sync_client.py [URL]
"""

import sys
from pathlib import Path

import httpx


def main(url: str) -> None:
    with httpx.Client(base_url=url) as client:
        one = client.post("/generate", json={"seed": 7}).raise_for_status()
        Path("digit.png").write_bytes(one.content)

        year = client.post("/generate", json={"label": [2, 0, 2, 6], "columns": 4}).raise_for_status()
        seed = int(year.headers["Kakite-Seed"])  # drawn by the server
        again = client.post("/generate", json={"seed": seed, "label": [2, 0, 2, 6], "columns": 4}).raise_for_status()
        print(f"2026 from seed {seed}; asked for again, the bytes are the same: {again.content == year.content}")

        listed = client.get("/generate", params={"seed": 0, "n": 5}, headers={"Accept": "application/json"}).raise_for_status().json()
        print(f"{listed['model']} wrote", ", ".join(f"{image['label']} (seed {image['seed']})" for image in listed["images"]))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000")

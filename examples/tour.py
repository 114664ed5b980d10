"""The service in five minutes: each step prints what it does and leaves a picture to look at.

python examples/tour.py [URL]
"""

import sys
from pathlib import Path
from typing import Any

import httpx


def main(url: str) -> None:
    with httpx.Client(base_url=url, timeout=60) as client:

        def picture(file: str, path: str, **asked: Any) -> None:
            answer = client.get(path, params=asked).raise_for_status()
            Path(file).write_bytes(answer.content)
            print(f"   {answer.request.url} -> {file}")

        model = client.get("/models").json()["default"]
        print(f"1. {model} turns random numbers into digits. A seed names the numbers: the same seed, the same digit.")
        picture("1-sheet.png", "/grid", seed=0, scale=2)
        print("2. Each seed is a hand. Told which digit to write, one hand writes all ten.")
        picture("2-hands.png", "/grid", seed=0, label="each", scale=2)
        print("3. So it can write a date, and in another hand the same date.")
        picture("3-date.png", "/write/2026-11-25", seed=8, height=96, paper="white")
        picture("3-other.png", "/write/2026-11-25", seed=41, height=96, paper="white")
        print("4. Between two hands lie others: a walk through the latent space.")
        picture("4-walk.png", "/walk", **{"from": 1, "to": 2}, label=4, scale=2)
        print("5. The digit itself can change on the way, for a label is a number as well.")
        picture("5-morph.png", "/walk", **{"from": 1, "to": 1}, label="4..9", scale=2)
        print("6. Close to the middle of that space all hands are alike.")
        picture("6-alike.png", "/grid", seed=0, label=2, n=16, truncation=0.3, scale=2)
        print("7. The dense network that came first knows no neighbourhoods: its pictures are full of sand.")
        picture("7-dense.png", "/grid", seed=0, model="dense", scale=2)
        print("8. Sixty thousand of them, labelled, in the files that MNIST has: GET /dataset (here 70).")
        picture("8-digits.zip", "/dataset", n=70)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000")

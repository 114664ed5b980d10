"""LitServe with batching: the eager generator in floats, with random weights, or our sampler with the shipped ones; PNGs like everyone's.

Tuned on two cores at 32 connections, by hand: batches of 16 or 32, a wait of 0.1, 1, 3 or 5 ms, one thread or all, with and without
the fast queue, with `cgan`. The eager generator does best with batches of 16 and all threads (520 requests/s; the worst of those
tried 400), our sampler with batches of 16, one thread and the fast queue (1,240; the worst 420, both while it still computed in bfloat16).
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import litserve
import numpy as np
import torch
from fastapi import Response
from PIL import Image

from app.engine.sampler import Sampler
from benchmarks.peers.literal import untrained
from models import latents, weights
from models.integers import IntegerGenerator
from models.pixels import Pixels


class Digits(litserve.LitAPI):  # type: ignore[misc]
    def __init__(self, file: Path, sampler: bool, threads: int, **options: Any) -> None:
        super().__init__(**options)
        self.file, self.use_sampler, self.threads = file, sampler, threads
        self.function: Callable[[Any], Pixels] = self.in_floats

    def setup(self, device: str) -> None:
        if self.threads:
            torch.set_num_threads(self.threads)
        loaded = weights.load(self.file)
        self.z_dim, self.classes = loaded.card.network.z_dim, loaded.card.network.classes
        if self.use_sampler:
            assert isinstance(loaded.generator, IntegerGenerator)
            assert loaded.card.integers is not None
            self.function = Sampler(loaded.generator, loaded.card.integers, torch.device("cpu"))
        else:
            self.eager = untrained(loaded.card.network)

    def decode_request(self, request: dict[str, int]) -> Any:
        """A row, as our sampler takes it or as the network does."""
        seed = request["seed"]
        if self.use_sampler:
            told = latents.one_hot(np.array([seed % max(self.classes, 1)]), self.classes)
            return latents.rows(latents.draw(seed, 1, self.z_dim).z, told)[0]
        random = torch.Generator().manual_seed(seed)
        label = torch.zeros(self.classes)
        label[seed % 10 : seed % 10 + 1] = 1
        return torch.cat([torch.randn(self.z_dim, generator=random), label]).numpy()

    def batch(self, inputs: list[Any]) -> Any:
        return np.stack(inputs)

    def predict(self, rows: Any) -> Any:
        return self.function(rows)

    @torch.inference_mode()
    def in_floats(self, rows: Any) -> Pixels:
        z, label = torch.from_numpy(rows).tensor_split([self.z_dim], dim=1)
        images: torch.Tensor = self.eager(z, label)
        return ((images[:, 0] + 1) * 127.5).round().to(torch.uint8).numpy()

    def unbatch(self, output: Any) -> Any:
        return list(output)

    def encode_response(self, pixels: np.ndarray) -> Response:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
        return Response(buffer.getvalue(), media_type="image/png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--sampler", action="store_true", help="ours")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--wait-ms", type=float, default=1.0)
    parser.add_argument("--fast-queue", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    api = Digits(
        options.weights,
        options.sampler,
        options.threads,
        max_batch_size=options.batch,
        batch_timeout=options.wait_ms / 1000,
        api_path="/generate",
    )
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=options.fast_queue)
    server.run(port=options.port, host="127.0.0.1", generate_client_file=False, log_level="warning", access_log=False)

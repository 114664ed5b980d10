"""LitServe with batching: the same weights, the eager generator or our folded one, PNGs like everyone's.

Tuned on two cores at 32 connections, by hand: batches of 16 or 32, a wait of 0.1, 1, 3 or 5 ms, one thread or all, with and without
the fast queue, with `cgan`. The eager generator does best with batches of 16 and all threads (520 requests/s; the worst of those
tried 400), the folded one with batches of 16, one thread and the fast queue (1,240; the worst 420).
"""

import argparse
import io
from pathlib import Path
from typing import Any

import litserve
import numpy as np
import torch
from fastapi import Response
from PIL import Image

from app.sampler import Sampler
from benchmarks.peers.literal import literal
from models import weights


class Digits(litserve.LitAPI):  # type: ignore[misc]
    def __init__(self, file: Path, folded: bool, threads: int, **options: Any) -> None:
        super().__init__(**options)
        self.file, self.use_folded, self.threads = file, folded, threads

    def setup(self, device: str) -> None:
        if self.threads:
            torch.set_num_threads(self.threads)
        generator = weights.load(self.file).generator
        self.z_dim, self.classes = generator.z_dim, generator.classes
        if self.use_folded:
            sampler = Sampler(generator, torch.device("cpu"), "auto")
            self.function, self.dtype = sampler.folded.forward, sampler.dtype
        else:
            eager, self.dtype = literal(generator), torch.float32
            self.function = lambda rows: eager(*rows.tensor_split([self.z_dim], dim=1))

    def decode_request(self, request: dict[str, int]) -> Any:
        random = torch.Generator().manual_seed(request["seed"])
        label = torch.zeros(self.classes)
        label[request["seed"] % 10 : request["seed"] % 10 + 1] = 1
        return torch.cat([torch.randn(self.z_dim, generator=random), label])

    def batch(self, inputs: list[Any]) -> Any:
        return torch.stack(inputs)

    @torch.inference_mode()
    def predict(self, rows: Any) -> Any:
        images = self.function(rows.to(self.dtype)).float()
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
    parser.add_argument("--folded", action="store_true")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--wait-ms", type=float, default=1.0)
    parser.add_argument("--fast-queue", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    api = Digits(
        options.weights,
        options.folded,
        options.threads,
        max_batch_size=options.batch,
        batch_timeout=options.wait_ms / 1000,
        api_path="/generate",
    )
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=options.fast_queue)
    server.run(port=options.port, host="127.0.0.1", generate_client_file=False, log_level="warning", access_log=False)

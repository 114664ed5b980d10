"""The obvious server: a synchronous route (so a thread of FastAPI's pool) that runs the generator for its own request.

The generator is computed as the article has it, in floats: upsample, then convolve with the 5x5 kernel. Its weights are random.
"""

import argparse
import io
from pathlib import Path

import numpy as np
import torch
import uvicorn
from fastapi import FastAPI, Response
from PIL import Image
from pydantic import BaseModel

from benchmarks.peers.literal import untrained
from models import weights


class Body(BaseModel):
    seed: int


def create(file: Path) -> FastAPI:
    app = FastAPI()
    generator = untrained(weights.load(file).card.network)

    def png(seed: int, n: int) -> Response:
        torch_generator = torch.Generator().manual_seed(seed)
        z = torch.randn(n, generator.z_dim, generator=torch_generator)
        label = torch.eye(max(generator.classes, 1))[torch.arange(n) % max(generator.classes, 1)][:, : generator.classes]
        with torch.inference_mode():
            images = generator(z, label)
        pixels = ((images[:, 0] + 1) * 127.5).round().to(torch.uint8).numpy()
        side = round(n**0.5)
        sheet = np.block([[pixels[row * side + column] for column in range(side)] for row in range(side)])
        buffer = io.BytesIO()
        Image.fromarray(sheet).save(buffer, "PNG")
        return Response(buffer.getvalue(), media_type="image/png")

    @app.post("/generate")
    def generate(body: Body) -> Response:
        return png(body.seed, 1)

    @app.get("/grid")
    def grid(seed: int, n: int = 64) -> Response:
        return png(seed, n)

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    options = parser.parse_args()
    uvicorn.run(create(options.weights), port=options.port, loop="uvloop", http="httptools", access_log=False)

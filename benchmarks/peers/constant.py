"""The limit of the HTTP side: FastAPI under uvicorn with uvloop and httptools, validating the body and answering one PNG that is ready."""

import argparse
import io

import uvicorn
from fastapi import FastAPI, Response
from PIL import Image
from pydantic import BaseModel


class Body(BaseModel):
    seed: int


def create() -> FastAPI:
    app = FastAPI()
    buffer = io.BytesIO()
    Image.effect_noise((28, 28), 60).save(buffer, "PNG")
    png = buffer.getvalue()

    @app.post("/generate")
    async def generate(body: Body) -> Response:
        return Response(png, media_type="image/png")

    @app.get("/grid")
    async def grid() -> Response:
        return Response(png, media_type="image/png")

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(create(), port=parser.parse_args().port, loop="uvloop", http="httptools", access_log=False)

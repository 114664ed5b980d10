"""What a figure was measured on: processor, what it can do, and the versions of what matters."""

import importlib.metadata
import platform

import torch

from app import __version__
from app.engine import cores
from models import device

FEATURES = ("avx2", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
LIBRARIES = ("fastapi", "starlette", "uvicorn", "uvloop", "torch", "numpy", "zlib-ng")


def about() -> dict[str, str]:
    there = torch.cpu.get_capabilities()
    gpu = {"GPU": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}
    return {
        "cores": str(cores.available()),
        "processor": device.processor(),
        **{name: "yes" if there.get(name) else "no" for name in FEATURES},
        **gpu,
        "Python": platform.python_version(),
        "Kakite": __version__,
        **{name: importlib.metadata.version(name) for name in LIBRARIES},
    }

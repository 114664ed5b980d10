"""Chooses torch's device, describes it, and says whether it computes in bfloat16. Knows nothing of GANs."""

import platform
from pathlib import Path

import torch

CHOICES = ("auto", "cuda", "mps", "cpu")


class DeviceError(Exception):
    """The requested device is not available."""


def choose(name: str) -> torch.device:
    """`auto` takes CUDA, then MPS, then the CPU. Raises DeviceError."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if available[kind])
    if not available[name]:
        raise DeviceError(f"This machine offers torch no {name}. There are: {', '.join(kind for kind in available if available[kind])}.")
    return torch.device(name)


def has_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 matrices itself. If not, autocast only costs time."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("arm_bf16"))
    return False


def describe(device: torch.device) -> str:
    """The machine for a card, such as "2 cores of AMD EPYC" or "NVIDIA H100 80GB HBM3"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cores = torch.get_num_threads()
    return f"{cores} core{'s' if cores > 1 else ''} of {processor()}"


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()

"""The service: one request, read top to bottom: schema -> latents -> batcher -> sampler -> png. Imports `models`, never `training`."""

__version__ = "0.1.0"

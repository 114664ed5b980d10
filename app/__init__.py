"""The service: one request, read top to bottom: schema -> latents -> batcher -> sampler -> png. Imports `models`, never `training`."""

__version__ = "0.2.0"
REVISION = 3  # of what is answered: to be raised with any change of any answer's bytes, which tests/test_golden.py notices

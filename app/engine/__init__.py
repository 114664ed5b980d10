"""The model process and the way to it: batches, messages, the worker and what it computes. Torch is in `worker` and `sampler` alone.
Knows no HTTP."""

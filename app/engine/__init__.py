"""The model process and the connection to it: queues, batches, messages, the worker. Only `worker` and `sampler` import torch. Knows no
HTTP."""

"""A training run: the loop, its processes, its checkpoints, its folder. Prints nothing."""

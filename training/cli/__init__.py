"""The command line `python -m training`: its commands, and the progress and output of a training run."""

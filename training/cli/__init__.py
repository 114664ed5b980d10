"""`python -m training`: commands, and a run as a person sees it."""

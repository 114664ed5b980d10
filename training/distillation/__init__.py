"""From a float generator to the integer one that is served."""

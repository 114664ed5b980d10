"""Turns a trained float generator into the integer generator that is served."""

"""Trains and measures generators: five swappable parts, and the loop in which they meet. Imports `models`, never `app`."""

"""Trains and measures generators: five swappable parts (data, labels, networks, loss, optimizer), and the loop that joins them.

Imports `models`, never `app`.
"""

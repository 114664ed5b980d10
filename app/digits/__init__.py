"""Arithmetic on seeds, z, labels and digits: rows for a generator, walks, lines of writing. Knows no HTTP."""

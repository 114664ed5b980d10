"""Data sets of any size: pages of digits, file formats, shards, and the engines that make shards. Knows no HTTP."""

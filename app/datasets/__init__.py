"""Data sets without bottom: pages of digits, the formats of their files, shards and the engines that make them. Knows no HTTP."""

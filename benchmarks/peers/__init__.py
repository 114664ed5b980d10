"""What Kakite is compared with: each a server of its own, `python -m benchmarks.peers.NAME --port N`."""

"""Promises, each with a test that fails when it breaks."""

from models.spinning import spin_briefly

spin_briefly()  # tests run beside each other, and beside the servers that they start

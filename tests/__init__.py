"""Promises, each with a test that fails when it breaks."""

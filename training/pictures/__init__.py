"""Draws pictures of training runs and their digits: sheets, curves, films."""

"""`python -m app` beyond serving: files written without HTTP, and what is told of the environment before a start."""

"""Processes that listen and serve: addresses, sockets, one process or several under a supervisor. Knows no route."""

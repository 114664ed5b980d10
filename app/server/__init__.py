"""Listening and serving: addresses, sockets, one HTTP process or several under a supervisor. Knows no route."""

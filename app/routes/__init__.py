"""The routes, one file a noun: thin, each a line from what is asked to what is answered."""

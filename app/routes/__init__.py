"""The routes, one file a noun. Each is thin: a straight line from request to response."""

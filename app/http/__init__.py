"""What every route shares: parsing, negotiation, caching, errors, OpenAPI, limits, keys, the request log. Knows no route by name."""

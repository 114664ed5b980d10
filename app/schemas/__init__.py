"""The pydantic schemas of requests and responses, one file a noun, as in `routes`. Knows neither routes nor models."""

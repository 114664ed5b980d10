"""Logs and metrics: log lines, counters, gauges. Knows neither HTTP nor models."""

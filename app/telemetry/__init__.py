"""What the service tells of itself: log lines, counters, gauges. Knows neither HTTP nor models."""

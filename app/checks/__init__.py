"""Which values a setting may have. Knows neither the settings nor what they are for."""

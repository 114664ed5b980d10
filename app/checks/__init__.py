"""Validates the values of settings. Knows neither the settings nor what they are for."""

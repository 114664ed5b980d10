"""Encodes pixels: PNG, WebP, animations, archives, tables. Knows neither requests nor models."""

"""What can be made of seeds, z and labels: rows for a generator, walks, lines of writing. Pure arithmetic; knows neither HTTP nor the
model process."""

"""Pictures of runs and of what they gave: sheets, curves, films."""

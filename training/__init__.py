"""Five swappable parts (input, labels, structure, loss, optimizer), and what joins them. Imports `models`, never `app`."""

"""Images as people have them, read as one data set: a reader for each form, and what makes a data set of what it finds. Knows no recipe."""

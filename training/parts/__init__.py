"""The swappable parts: data, labels, losses, optimizers, augmentation, styles. (The networks are in `models`.) Parts meet only in a
recipe and in the training loop.
"""

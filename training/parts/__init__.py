"""The parts that one swaps: data, labels, losses, optimizers, augmentation, styles; networks lie in `models`. Parts meet in a recipe
alone.
"""

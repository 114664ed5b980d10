"""Trains the encoder that reads hands: a digit in, the z of its hand out. Knows the generator as a function that gradients pass through."""

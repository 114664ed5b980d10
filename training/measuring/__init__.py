"""Measures how good generated digits are: the judge and pupils, scores, directions in the latent space."""

"""How good digits are: the judge and pupils, scores, directions through the latent space."""

"""What training and serving share: networks, latent vectors, pixels, weights files. Imports neither `training` nor `app`."""

"""What training and serving agree on: the networks, the latent stream, the pixels, the weights file.

Imports neither `training` nor `app`.
"""

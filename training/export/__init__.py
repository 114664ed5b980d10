"""A served generator as one file for programs that have nothing of this project: an ONNX graph, or a program of torch.export.

Both take `z` int8 [N, z_dim] in steps of 1/32 and, where the model has labels, `label` int64 [N]; both give `images` uint8 [N, 28, 28].
Knows no command line.
"""

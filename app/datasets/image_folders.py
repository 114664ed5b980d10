"""The file names of a data set's pictures. Knows nothing of the pictures themselves.

Without a `metadata.csv`, Hugging Face's `imagefolder` reads a picture's label from the name of its folder, as torchvision and Keras do.
"""

from app.datasets.data_set import DataSet


def names_seeds_labels(wanted: DataSet, first: int, last: int, in_folders: bool = False) -> tuple[list[str], range, list[int] | None]:
    """File names, seeds and labels of digits first to last - 1. The labels are None if the model has none."""
    seeds = range(wanted.first_seed + first, wanted.first_seed + last)
    labels = wanted.labels(first, last)
    if labels is None:
        return [f"{seed}.png" for seed in seeds], seeds, None
    width = len(str(wanted.network.classes - 1)) if in_folders else 0  # zero-padded, so that folders sort by label
    files = [
        f"{label:0{width}}/{seed}-{label}.png" if in_folders else f"{seed}-{label}.png" for seed, label in zip(seeds, labels, strict=True)
    ]
    return files, seeds, labels.tolist()

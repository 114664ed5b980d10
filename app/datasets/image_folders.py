"""The names of a data set's pictures. Without a `metadata.csv`, Hugging Face's `imagefolder` takes the label from the name of a picture's
folder, as torchvision's `ImageFolder` and Keras do.
"""

from app.datasets.data_set import DataSet


def known(wanted: DataSet, first: int, last: int, in_folders: bool = False) -> tuple[list[str], range, list[int] | None]:
    """File, seed and label of digits first to last - 1; no labels where the model has none."""
    seeds = range(wanted.first_seed + first, wanted.first_seed + last)
    found = wanted.labels(first, last)
    if found is None:
        return [f"{seed}.png" for seed in seeds], seeds, None
    width = len(str(wanted.network.classes - 1)) if in_folders else 0  # so that folders in the order of their names are in that of labels
    files = [
        f"{label:0{width}}/{seed}-{label}.png" if in_folders else f"{seed}-{label}.png" for seed, label in zip(seeds, found, strict=True)
    ]
    return files, seeds, found.tolist()

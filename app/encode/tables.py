"""The CSV files beside a folder of pictures. Knows nothing of the pictures but their names.

`labels.csv` is for people and their own scripts; `metadata.csv` is what Hugging Face's `imagefolder` reads.
"""

from collections.abc import Iterable, Sequence

LABELS, METADATA = "labels.csv", "metadata.csv"
LABELS_HEAD = ["file", "seed", "label"]
CLASS_NAME = "class_name"  # the column after those, if classes have names

Column = Sequence[int] | None  # a number per picture; None: there is no such column


def lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows of a CSV. The values must not need quotes."""
    return "".join(",".join(map(str, row)) + "\n" for row in rows).encode()


def labels_head(class_names: Sequence[str]) -> bytes:
    """The first row of `labels.csv`."""
    return lines([[*LABELS_HEAD, *([CLASS_NAME] if class_names else [])]])


def labels_lines(files: Sequence[str], seeds: Column, labels: Column, class_names: Sequence[str] = ()) -> bytes:
    """The other rows of `labels.csv`. A missing column is left empty, but for that of names."""
    nothing = [""] * len(files)
    columns = [files, nothing if seeds is None else seeds, nothing if labels is None else labels]
    if class_names and labels is not None:
        columns.append([quoted(class_names[label]) for label in labels])
    return lines(zip(*columns, strict=True))


def quoted(text: str) -> str:
    """Text as CSV has it (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"') else text


def metadata_head(seeds: bool, labels: bool) -> bytes:
    """The first row of `metadata.csv`. A missing column is left out: a loader would turn empty values into numbers."""
    return lines([["file_name", *(["label"] if labels else []), *(["seed"] if seeds else [])]])


def metadata_lines(files: Sequence[str], seeds: Column, labels: Column) -> bytes:
    """The other rows of `metadata.csv`."""
    return lines(zip(*[column for column in (files, labels, seeds) if column is not None], strict=True))


def tables(files: Sequence[str], seeds: Column, labels: Column, class_names: Sequence[str] = ()) -> list[tuple[str, bytes]]:
    """Both files: names and contents."""
    return [
        (LABELS, labels_head(class_names) + labels_lines(files, seeds, labels, class_names)),
        (METADATA, metadata_head(seeds is not None, labels is not None) + metadata_lines(files, seeds, labels)),
    ]

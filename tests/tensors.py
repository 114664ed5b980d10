"""Tensors as the Open Inference Protocol has them in JSON."""

from typing import Any

import numpy as np

URL = "/v2/models/kakite/infer"


def tensor(name: str, values: Any, datatype: str = "INT64", **more: Any) -> dict[str, Any]:
    """`more` comes instead of what is written here, or beside it."""
    shape = more.pop("shape", None) or list(np.shape(values))
    return {"name": name, "shape": shape, "datatype": datatype, "data": values, **more}

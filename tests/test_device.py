"""Where the arithmetic happens: on the best device that is there, or on the one that was asked for."""

import pytest
import torch

from models import device
from models.device import DeviceError


@pytest.mark.parametrize(
    ("there", "chosen"), [((), "cpu"), (("mps",), "mps"), (("cuda",), "cuda"), (("cuda", "mps"), "cuda")], ids=lambda value: str(value)
)
def test_device_is_the_best_that_is_there_and_another_is_refused(
    there: tuple[str, ...], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in there)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in there)
    assert device.choose("auto").type == chosen
    for name in ("cuda", "mps", "cpu"):
        if name in (*there, "cpu"):
            assert device.choose(name).type == name
        else:
            with pytest.raises(DeviceError, match=rf"no {name}\. There are: {', '.join((*there, 'cpu'))}\."):
                device.choose(name)

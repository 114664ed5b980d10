"""What a server tells of itself at /metrics."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.running import PATIENCE_S


def sample(url: str, name: str, **labels: str) -> float:
    """The sum of all that have these labels, over a connection of its own; 0 where there is none."""
    text = httpx.get(f"{url}/metrics", timeout=PATIENCE_S).text
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


def aborted(url: str) -> float:
    """Answers whose client did not take the whole of them."""
    return sample(url, "kakite_requests_total", status="499")

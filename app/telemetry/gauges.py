"""Metrics that are read at each scrape rather than counted: queues, models, and the HTTP processes' CPU and memory."""

from collections.abc import Iterator, Mapping

from prometheus_client import ProcessCollector
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from app.telemetry.counts import Count, unanswered_s

EARLIEST = "process_start_time_seconds"  # the minimum over processes is reported; all other metrics are summed
USED = "process_cpu_seconds_total"


class Gauges(Collector):
    """A collector for all HTTP processes, whichever of them is scraped."""

    def __init__(self, processes: Count, used_us: Count) -> None:
        """`processes`: their process ids. `used_us`: CPU time of those that have ended."""
        self.processes, self.used_us = processes, used_us
        self.asked_us = Count()
        self.images: dict[str, tuple[Count, Count]] = {}
        self.hands: dict[str, tuple[Count, Count]] = {}
        self.models: dict[str, Mapping[str, str]] = {}

    def watch(self, model: str, queued: Count, pending: Count) -> None:
        """Images of a model: those not yet sent to the model process, and those of all unanswered requests."""
        self.images[model] = queued, pending

    def watch_hands(self, model: str, queued: Count, pending: Count) -> None:
        """The same for digits whose hand is read."""
        self.hands[model] = queued, pending

    def tell(self, model: str, about: Mapping[str, str]) -> None:
        self.models[model] = about

    def collect(self) -> Iterator[Metric]:
        images = of_queue("images", "Images requested but not yet sent to the model process", "Images of unanswered requests")
        hands = of_queue("hands", "Digits to be read but not yet sent to the model process", "Digits to be read of unanswered requests")
        for families, counts in ((images, self.images), (hands, self.hands)):
            for model, both in counts.items():
                for family, count in zip(families, both, strict=True):
                    family.add_metric([model], count.total)
        unanswered = GaugeMetricFamily("kakite_unanswered_seconds", "Age of the oldest unanswered question to the model process.")
        unanswered.add_metric([], unanswered_s(self.asked_us))
        info = InfoMetricFamily("kakite_model", "A served model: SHA-256 of its file, way of computing, device.", labels=["model"])
        for model, about in self.models.items():
            info.add_metric([model], dict(about))
        processes = GaugeMetricFamily("kakite_http_processes", "HTTP processes that are running.")
        pids = [pid for pid in self.processes.parts if pid]
        processes.add_metric([], len(pids))
        yield from (*images, *hands, unanswered, info, processes, *self.used(pids))

    def used(self, pids: list[int]) -> Iterator[Metric]:
        """CPU, memory and open files of all HTTP processes together."""
        each = [ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect() for pid in pids]  # type: ignore[misc]
        for same in zip(*(families for families in each if families), strict=False):
            values = [family.samples[0].value for family in same]
            total = same[0]
            [sample] = total.samples
            value = min(values) if sample.name == EARLIEST else sum(values)
            if sample.name == USED:
                value += self.used_us.total / 1e6  # a counter must not fall when a process dies
            total.samples = [sample._replace(value=value)]
            yield total


def of_queue(what: str, queued: str, pending: str) -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    """The two gauges of a queue. `queued`, `pending`: what each of them tells."""
    return (
        GaugeMetricFamily(f"kakite_queue_{what}", f"{queued}.", labels=["model"]),
        GaugeMetricFamily(f"kakite_pending_{what}", f"{pending}.", labels=["model"]),
    )

"""The Prometheus counters and histograms. Knows routes and models only by their names.

With several HTTP processes, PROMETHEUS_MULTIPROC_DIR names the folder through which prometheus_client adds up their counts.
"""

import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from app.telemetry.counts import PROCESSES, USED_BY_THE_DEAD, Count, Counts
from app.telemetry.gauges import Gauges

CONTENT_TYPE = CONTENT_TYPE_LATEST
MULTIPROC_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
IMAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True)
class ModelCounts:
    """One model's counts since the service started, over all HTTP processes."""

    images: int = 0
    batches: int = 0
    computed_s: float = 0  # of all batches, in the model process
    waits: int = 0  # requests that waited for their first batch
    waited_s: float = 0  # of all these requests


class Metrics:
    """One registry a service, so that two services in one process do not mix."""

    def __init__(self, counts: Counts | None = None) -> None:
        """`counts`: those shared by several HTTP processes."""
        counted = CollectorRegistry()
        self.by_request: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.requests = Counter("kakite_requests", "Requests answered.", ["method", "route", "status"], registry=counted)
        self.request_seconds = Histogram(
            "kakite_request_seconds", "Time from a request to the end of its answer.", ["route"], buckets=SECONDS, registry=counted
        )
        self.rejections = Counter("kakite_rejections", "Requests refused or failed, by reason.", ["reason"], registry=counted)
        self.images = Counter("kakite_images", "Images generated.", ["model"], registry=counted)
        self.wait_seconds = Histogram(
            "kakite_queue_wait_seconds", "Time that a request waits for its first batch.", ["model"], buckets=SECONDS, registry=counted
        )
        self.batch_images = Histogram("kakite_batch_images", "Images in a batch.", ["model"], buckets=IMAGES, registry=counted)
        self.forward_seconds = Histogram(
            "kakite_forward_seconds", "Time that the model process takes for a batch.", ["model"], buckets=SECONDS, registry=counted
        )
        self.dropped_lines = Counter("kakite_dropped_log_lines", "Log lines that could not be written.", registry=counted)
        if MULTIPROC_VARIABLE in os.environ:
            self.registry = CollectorRegistry()
            MultiProcessCollector(self.registry)  # type: ignore[no-untyped-call]
        else:
            self.registry = counted
        self.gauges = Gauges(counts[PROCESSES], counts[USED_BY_THE_DEAD]) if counts else Gauges(Count(), Count())
        self.registry.register(self.gauges)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """An answered request."""
        key = method, route, status
        if key not in self.by_request:  # this lookup is faster than prometheus_client's
            self.by_request[key] = self.requests.labels(*key), self.request_seconds.labels(route)
        counter, histogram = self.by_request[key]
        counter.inc()
        histogram.observe(seconds)

    def refused(self, reason: str) -> None:
        """A request that was not served."""
        self.rejections.labels(reason).inc()

    def batch(self, model: str) -> Callable[[int, int, float, bool], None]:
        """A function to call after each batch of this model, once for each process with rows in it."""
        sizes, seconds, images = self.batch_images.labels(model), self.forward_seconds.labels(model), self.images.labels(model)

        def count(rows: int, batch_rows: int, batch_seconds: float, first: bool) -> None:
            """`rows`: of this process's question. `first`: whether it is the batch's first question, so that a batch is counted once."""
            if first:
                sizes.observe(batch_rows)
                seconds.observe(batch_seconds)
            images.inc(rows)

        return count

    def of_models(self) -> dict[str, ModelCounts]:
        """Counts by model name. A model without requests may be missing."""
        samples: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for metric in self.registry.collect():
            for sample in metric.samples:
                if "model" in sample.labels:
                    samples[sample.labels["model"]][sample.name] = sample.value
        return {
            model: ModelCounts(
                images=int(values["kakite_images_total"]),
                batches=int(values["kakite_forward_seconds_count"]),
                computed_s=values["kakite_forward_seconds_sum"],
                waits=int(values["kakite_queue_wait_seconds_count"]),
                waited_s=values["kakite_queue_wait_seconds_sum"],
            )
            for model, values in samples.items()
        }

    def exposed(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)

"""What is counted and timed, for Prometheus. Knows who counts only by their words."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
IMAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """One registry a service, so that two services in one process do not mix."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        ProcessCollector(registry=registry)
        self.requests = Counter("kakite_requests", "Requests answered.", ["method", "route", "status"], registry=registry)
        self.request_seconds = Histogram(
            "kakite_request_seconds", "From a request to its answer.", ["route"], buckets=SECONDS, registry=registry
        )
        self.rejections = Counter("kakite_rejections", "Requests not served, by reason.", ["reason"], registry=registry)
        self.images = Counter("kakite_images", "Images written.", ["model"], registry=registry)
        self.queued = Gauge("kakite_queue_images", "Images asked for and not in a batch yet.", ["model"], registry=registry)
        self.pending = Gauge(
            "kakite_pending_images", "Images of requests not answered yet; these are limited.", ["model"], registry=registry
        )
        self.wait_seconds = Histogram(
            "kakite_queue_wait_seconds", "From a request to its first batch.", ["model"], buckets=SECONDS, registry=registry
        )
        self.batch_images = Histogram("kakite_batch_images", "Images in a batch.", ["model"], buckets=IMAGES, registry=registry)
        self.forward_seconds = Histogram(
            "kakite_forward_seconds", "A batch's way through the model process.", ["model"], buckets=SECONDS, registry=registry
        )
        self.model = Info("kakite_model", "A model that is served.", ["model"], registry=registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """An answered request."""
        key = method, route, status
        if key not in self.known:  # a metric of given labels is found quicker here than by prometheus_client
            self.known[key] = self.requests.labels(*key), self.request_seconds.labels(route)
        counter, histogram = self.known[key]
        counter.inc()
        histogram.observe(seconds)

    def batch(self, model: str) -> Callable[[int, float], None]:
        """What is to be called after each batch of that model, with its images and seconds."""
        sizes, seconds, images = self.batch_images.labels(model), self.forward_seconds.labels(model), self.images.labels(model)

        def count(batch_images: int, forward_s: float) -> None:
            sizes.observe(batch_images)
            seconds.observe(forward_s)
            images.inc(batch_images)

        return count

    def exposed(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)

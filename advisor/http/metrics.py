"""What Prometheus reads of one service."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Metrics:
    """Counters of one app; operations are named by their route, so that no client can make up new ones."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "advisor_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "advisor_http_request_seconds", "Time to the end of the answer.", ["route"], registry=self.registry
        )
        self.studies = Gauge("advisor_studies", "Studies in the store.", ["state"], registry=self.registry)
        self.waiting = Gauge("advisor_queue_waiting", "Studies that wait for a device.", registry=self.registry)

    def saw(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self.requests.labels(method if method in METHODS else "other", route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def page(self) -> Response:
        """The exposition."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

"""Figures for Prometheus: requests here, and whatever a door asks to have watched."""

from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.responses import Response

log = structlog.get_logger()

REGISTRY = CollectorRegistry()
REQUESTS = Counter("daguanjia_requests", "Requests answered.", ("method", "route", "status"), registry=REGISTRY)
SECONDS = Histogram(
    "daguanjia_request_seconds",
    "Time from the request's head to the last byte of its answer.",
    ("method", "route"),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
    registry=REGISTRY,
)

Read = Callable[[], Awaitable[float]]
_watched: dict[str, tuple[Gauge, Read]] = {}


def watch(name: str, description: str, read: Read) -> None:
    """Show ``daguanjia_<name>`` under ``/metrics``; `read` is awaited at each look. A later call with the same name replaces `read`."""
    gauge = _watched[name][0] if name in _watched else Gauge(f"daguanjia_{name}", description, registry=REGISTRY)
    _watched[name] = (gauge, read)


async def metrics_response() -> Response:
    """Return all figures in Prometheus' text form; one that cannot be read now is NaN."""
    for name, (gauge, read) in _watched.items():
        try:
            gauge.set(await read())
        except Exception as error:  # noqa: BLE001  a figure that fails must not hide the others
            log.warning("metrics.unreadable", figure=name, error=type(error).__name__)
            gauge.set(float("nan"))
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

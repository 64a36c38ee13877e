"""GET /metrics, for Prometheus. Anonymous like /healthz, and says nothing about anybody."""

from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST

from appliance.accounts.account import Access
from appliance.metrics import Metrics


@get("/metrics", sync_to_thread=False, opt={"access": Access.ANYONE})
def show(metrics: NamedDependency[Metrics]) -> Response[bytes]:
    """Counts and times of the whole box, in Prometheus' text format."""
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

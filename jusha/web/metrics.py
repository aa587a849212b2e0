"""What the pages count: requests by the view's name, of which there is a fixed list."""

import time
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

REQUESTS: Final = Counter("jusha_web_requests", "Requests answered", ["view", "status"])
SECONDS: Final = Histogram(
    "jusha_web_seconds",
    "How long an answer took",
    ["view"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
NOWHERE: Final = "none"
"""Stands for every address that no view has."""


class Measured:
    """Middleware that counts each request under its view's name, never under its address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and count the answer."""
        began = time.perf_counter()
        response = self._get_response(request)
        match = request.resolver_match
        view = (match.view_name if match else "") or NOWHERE
        REQUESTS.labels(view, str(response.status_code)).inc()
        SECONDS.labels(view).observe(time.perf_counter() - began)
        return response

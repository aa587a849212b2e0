"""What every answer tells the browser: nothing from elsewhere, no inline script or style."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from jusha.web.cashier import cashier_origin


class SecurityHeaders:
    """Adds a Content-Security-Policy without exceptions, and closes what pages do not use.

    A form's answer may lead to the cashier, so `form-action` names it: browsers hold
    redirects after a form to this list too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the headers."""
        response = self.get_response(request)
        response.headers.setdefault(
            "Content-Security-Policy",
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
            f" frame-ancestors 'none'; form-action 'self' {cashier_origin(request)}".rstrip(),
        )
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"
        )
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        return response

"""What every answer tells the browser: nothing from elsewhere, no inline script or style."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from jusha.web.cashier import cashier_origin


def policy(request: HttpRequest, form_to: str = "") -> str:
    """The Content-Security-Policy; `form_to` is one more address that a form may lead to."""
    forms = f"'self' {cashier_origin(request)} {form_to}".split()
    return (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
        f" frame-ancestors 'none'; form-action {' '.join(forms)}"
    )


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
        # Gifts, account and language of the visitor are read from cookies on nearly every page.
        patch_vary_headers(response, ["Cookie"])
        response.headers.setdefault("Content-Security-Policy", policy(request))
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"
        )
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        return response

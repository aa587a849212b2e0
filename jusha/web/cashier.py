"""Where a donor pays. In the sandbox: a simulated cashier on its own port, where no money moves."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.urls import reverse


def cashier_origin(request: HttpRequest) -> str:
    """The cashier's origin as this visitor reaches it; "" for a host that is not ours.

    "" as well in every mode but the sandbox: nothing simulated stands beside real money.
    """
    if not settings.JUSHA_SIMULATOR:
        return ""
    try:
        host = urlsplit(f"//{request.get_host()}").hostname or ""
    except (DisallowedHost, ValueError):
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.JUSHA_CASHIER_PORT}"


def pay_url(request: HttpRequest, *, order_no: int, amount_fen: int) -> str:
    """The address at which the order is paid, and from which the donor comes back."""
    back = request.build_absolute_uri(reverse("order", args=(order_no,)))
    query = urlencode({"order": order_no, "amount": amount_fen, "back": back})
    return f"{cashier_origin(request)}/pay?{query}"

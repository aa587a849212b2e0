"""Certificate and share card: with a name for the donor's own eyes, without one for everybody."""

from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from jusha.giving.models import Deed
from jusha.giving.refund_queries import money
from jusha.money.assets import ASSETS_BY_NUMBER
from jusha.money.clock import local_day
from jusha.payments import queries as payments
from jusha.payments.order import read_opening
from jusha.projects.models import Fund
from jusha.web import reference
from jusha.web.certificate_card import Picture, certificate, png, public_png, share_card
from jusha.web.limits import Limits, address_of
from jusha.web.mine import is_mine
from jusha.web.receipt_words import box_of

WIDTHS: Final = {"certificate": 1440, "card": 1080}
DRAWN: Final = {"certificate": certificate, "card": share_card}
SVG: Final = "svg"
TYPES: Final = {SVG: "image/svg+xml; charset=utf-8", "png": "image/png"}
PUBLIC_WIDTH: Final = 600
TOO_MANY: Final = 429
LIMITS: Final = Limits()
DAY_SECONDS: Final = 86_400


def own_picture(request: HttpRequest, number: str, what: str, kind: str) -> HttpResponse:
    """The donor's certificate or card, for the order's browser or its account alone."""
    no = int(number)
    deed = payments.deed_of_order(no) if is_mine(request, no) else None
    opening = read_opening(no) if deed is not None else None
    name = str(opening[0].get("name", "")) if opening else ""
    found = picture(request, deed, name=name) if deed is not None else None
    if found is None:
        raise Http404(number)
    svg = DRAWN[what](found)
    body = svg.encode() if kind == SVG else png(svg, width=WIDTHS[what])
    answer = HttpResponse(body, content_type=TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="jusha-{deed}-{what}.{kind}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def public_card(request: HttpRequest, number: str) -> HttpResponse:
    """A deed's share card for previews: what the log has, and nobody's name.

    Drawing costs a tenth of a second, so one address gets as many a minute as `limits` says.
    """
    now_s = int(timezone.now().timestamp())
    address = address_of(request.META, proxy_hops=settings.JUSHA_PROXY_HOPS)
    if not LIMITS.take(address, 1, now_s=now_s, day=local_day(now_s)):
        return HttpResponse(status=TOO_MANY, headers={"Retry-After": "60"})
    found = picture(request, int(number), name="")
    if found is None:
        raise Http404(number)
    answer = HttpResponse(public_png(found, PUBLIC_WIDTH), content_type=TYPES["png"])
    answer["Cache-Control"] = f"public, max-age={DAY_SECONDS}"
    return answer


def picture(request: HttpRequest, number: int, *, name: str) -> Picture | None:
    """What a picture of a deed tells; None for what is no gift of money, held, or sent back.

    Reads: giving_deed, giving_refund, projects_fund and what is held of the project.
    """
    worth = next(iter(money([number])), None)
    is_yuan = worth is not None and ASSETS_BY_NUMBER[worth.asset].code == "CNY"
    if worth is None or worth.held or not worth.left or not is_yuan:
        return None
    deed = Deed.objects.get(number=number)
    fund = Fund.objects.filter(project=deed.project).first()
    project = reference.project(fund.code) if fund else None
    if project is None:
        return None
    donate = request.build_absolute_uri(reverse("donate", args=(project.code,)))
    return Picture(
        charity=box_of(project),
        summary=project.summary_zh,
        deed=number,
        amount=worth.left,
        given_at=deed.effective_at,
        record=request.build_absolute_uri(reverse("deed", args=(number,))),
        donate=f"{donate}?from={number}",
        name=name,
        sandbox=settings.JUSHA_MODE == "sandbox",
    )

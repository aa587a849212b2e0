"""My good deeds: the gifts of this browser and of the account, for guests too."""

import csv
import re
from typing import Any, Final

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from jusha.charities import queries as charities
from jusha.giving.queries import OrderedGift, gifts_of_orders, shanghai_year
from jusha.money.assets import ASSETS_BY_NUMBER, decimal_text
from jusha.notices import queries as notices
from jusha.people.accounts import address_of
from jusha.people.keep_orders import keep_orders
from jusha.people.models import UserAccount
from jusha.projects import queries as projects
from jusha.tlog import queries as tlog
from jusha.web.browser import orders_of
from jusha.web.mine import my_orders, not_yet_kept, shown, sums_of, totals_of
from jusha.web.statement import statement_of
from jusha.web.statement_paper import draw_statement
from jusha.web.titles import told

PAGE: Final = 30
FROM: Final = re.compile(r"[0-9]{1,6}")
BOM: Final = "\ufeff"
"""Spreadsheets take a file without it for another encoding, and Chinese for noise."""


@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """The gifts of this browser and of the account that is signed in, with where each stands."""
    account = request.user if isinstance(request.user, UserAccount) else None
    gifts = shown(gifts_of_orders(my_orders(request)), now=timezone.now())
    wanted = request.GET.get("from", "")
    first = int(wanted) if FROM.fullmatch(wanted) else 0
    page = gifts[first : first + PAGE]
    newest = tlog.checkpoint()
    years = sorted({shanghai_year(each.at) for each in gifts if each.at}, reverse=True)
    context: dict[str, Any] = {
        "account": account,
        "address": address_of(account) if account else "",
        "rows": rows_of(page, newest.size if newest else 0),
        "totals": totals_of(sums_of(gifts)),
        "years": years,
        "older": first + PAGE if len(gifts) > first + PAGE else None,
        "to_keep": len(not_yet_kept(request)) if account else 0,
        "unread": notices.unread(account.pk) if account else 0,
    }
    return render(request, "web/mine.html", context)


def rows_of(gifts: list[OrderedGift], published: int) -> list[dict[str, Any]]:
    """Gifts with their projects, and whether the log has them: entries below `published`."""
    pages = projects.named(each.project for each in gifts)
    return [
        {
            "gift": each,
            "again": decimal_text(each.given or 0, "CNY"),
            "asset": ASSETS_BY_NUMBER[each.asset].code,
            "project": pages.get(each.project),
            "proven": each.number is not None and each.number < published,
        }
        for each in gifts
    ]


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Put the gifts of this browser into the account."""
    if not isinstance(request.user, UserAccount):
        return redirect_to_login(reverse("mine"))
    keep_orders(request.user, orders_of(request))
    return HttpResponseRedirect(reverse("mine"))


def told_of_year(request: HttpRequest, year: int) -> tuple[list[OrderedGift], dict[str, Any]]:
    """The paid gifts of one year, and the words of the statement. Raises Http404 for none."""
    gifts = [
        each for each in gifts_of_orders(my_orders(request), year=year) if each.number is not None
    ]
    if not gifts:
        raise Http404(str(year))
    sums = sums_of(gifts)
    account = request.user if isinstance(request.user, UserAccount) else None
    return gifts, {
        "year": year,
        "sums": sums,
        "totals": totals_of(sums),
        "charities": charities.named(each.charity for each in sums),
        "projects": projects.named(each.project for each in sums),
        "address": address_of(account) if account else "",
    }


@never_cache
def statement(request: HttpRequest, year: str) -> HttpResponse:
    """A year of gifts, summed by charity and project, to print or download."""
    gifts, context = told_of_year(request, int(year))
    context |= {"rows": rows_of(gifts[::-1], 0), "at": timezone.now()}
    context["lines"] = [
        (each, context["charities"].get(each.charity), context["projects"].get(each.project))
        for each in context["sums"]
    ]
    return render(request, "web/mine_year.html", context)


@never_cache
def statement_file(request: HttpRequest, year: str) -> HttpResponse:
    """A year of gifts as CSV, one line a gift."""
    gifts, context = told_of_year(request, int(year))
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="jusha-{year}.csv"'
    answer.write(BOM)
    table = csv.writer(answer)
    table.writerow(
        [
            *(_("日期"), _("机构"), _("统一社会信用代码"), _("项目"), _("币种")),
            *(_("捐赠"), _("已退"), _("配捐"), _("编号"), _("订单")),
        ]
    )
    for each in gifts[::-1]:
        table.writerow(line_of(each, context))
    return answer


@never_cache
def statement_letter(request: HttpRequest, year: str) -> HttpResponse:
    """A year of gifts as PDF, by charity, with what of it is a tax receipt and what is not."""
    gifts, context = told_of_year(request, int(year))
    told = statement_of(
        gifts,
        year=int(year),
        who=context["address"],
        at=timezone.now(),
        page=request.build_absolute_uri(reverse("mine-year", args=(year,))),
    )
    answer = HttpResponse(draw_statement(told), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="jusha-{year}.pdf"'
    return answer


def line_of(gift: OrderedGift, context: dict[str, Any]) -> list[str]:
    """One gift as cells; no text that a spreadsheet would take for a formula can be among them."""
    asset = ASSETS_BY_NUMBER[gift.asset].code
    charity = context["charities"].get(gift.charity)
    project = context["projects"].get(gift.project)
    assert gift.at is not None
    return [
        f"{timezone.localtime(gift.at):%Y-%m-%d}",
        plain(told(charity, "name") if charity else gift.charity),
        charity.uscc if charity else "",
        plain(told(project, "title") if project else gift.project),
        asset,
        decimal_text(gift.given or 0, asset),
        decimal_text(gift.refunded, asset),
        decimal_text(gift.matched or 0, asset),
        str(gift.number),
        f"o{gift.order_no}",
    ]


def plain(text: str) -> str:
    """A cell that no spreadsheet calculates (CWE-1236)."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text

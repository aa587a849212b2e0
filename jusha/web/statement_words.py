"""The finance part of a report as pages show it, and its first draft in words."""

from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from jusha.projects.statement_rules import Statement
from jusha.web.words import money


class Row(NamedTuple):
    """One line of the table; `sign` is +, - or "" for the sums at both ends."""

    sign: str
    name: str
    amount: int


def rows(figures: dict[str, Any] | None) -> list[Row]:
    """The lines of a statement from opening to closing; [] where a paper has none."""
    if not figures:
        return []
    told = Statement(**figures["statement"])
    seldom = [
        Row("+", _("拨付到账的配捐"), told.matches),
        Row("+", _("机构用自有资金补上"), told.covered),
        Row("-", _("退给捐赠人"), told.refunds),
        Row("-", _("退回配捐池"), told.taken_back),
    ]
    return [
        Row("", _("期初结余"), told.opening),
        Row("+", _("捐赠收入"), told.gifts),
        *(each for each in seldom if each.amount),
        Row("-", _("项目支出"), told.programme),
        Row("-", _("运行费用"), told.running),
        Row("", _("期末结余"), told.closing),
    ]


def drafted(figures: dict[str, Any]) -> str:
    """The words that a job begins with: nothing but what the ledger says."""
    told = Statement(**figures["statement"])
    return _(
        "这一期收到捐赠 %(gifts)s，到账配捐 %(matches)s，退款 %(refunds)s，支出 %(spent)s，"
        "期末结余 %(closing)s。数字取自公示账本，截至第 %(upto)s 条。"
    ) % {
        "gifts": money(told.gifts),
        "matches": money(told.matches),
        "refunds": money(told.refunds),
        "spent": money(told.programme + told.running),
        "closing": money(told.closing),
        "upto": f"{told.upto:,}",
    }

"""Figures of the law in words."""

from typing import Any, Final

from django.utils.translation import get_language, gettext_lazy, npgettext_lazy
from django.utils.translation import gettext as _

from jusha.law.rules import Figure
from jusha.web.words import money

UNITS: Final[dict[str, Any]] = {
    "days": npgettext_lazy("law", "%(n)s 天", "%(n)s 天", "count"),
    "working-days": npgettext_lazy("law", "%(n)s 个工作日", "%(n)s 个工作日", "count"),
    "months": npgettext_lazy("law", "%(n)s 个月", "%(n)s 个月", "count"),
    "years": npgettext_lazy("law", "%(n)s 年", "%(n)s 年", "count"),
    "month-of-year": gettext_lazy("%(n)s 月"),
    "day-of-month": gettext_lazy("%(n)s 日"),
    "organisations": npgettext_lazy("law", "%(n)s 家机构", "%(n)s 家机构", "count"),
    "times": npgettext_lazy("law", "%(n)s 次", "%(n)s 次", "count"),
    "grade": gettext_lazy("%(n)s 级"),
}
SURE: Final = {
    "V": gettext_lazy("读过原文"),
    "S": gettext_lazy("据报道"),
    "M": gettext_lazy("凭记忆，待核对"),
    "N": gettext_lazy("没有查到原文"),
    "H": gettext_lazy("平台自己的规定"),
}
REFUSALS: Final = {
    "value": gettext_lazy("请写一个整数，不要小数点和单位。"),
    "too-early": gettext_lazy("生效日要在今天以后：已经判断过的事，按当时的数。"),
    "no-source": gettext_lazy("请写出处：哪个文件，第几条。"),
    "no-doubt": gettext_lazy("请选这个数是怎么知道的。"),
}
"""By code of FigureRefusedError."""


def value(figure: Figure) -> str:
    """A figure with its unit."""
    if figure.unit == "permille":
        whole, tenth = divmod(figure.value, 10)
        return f"{whole}.{tenth}%" if tenth else f"{whole}%"
    if figure.unit == "fen":
        return money(figure.value)
    return str(UNITS[figure.unit] % {"n": f"{figure.value:,}", "count": figure.value})


def name(figure: Figure) -> str:
    """What a figure is about, in the reader's language."""
    return figure.name_en if get_language() == "en" else figure.name_zh


def span(figure: Figure, following: Figure | None) -> str:
    """From when until when a figure holds."""
    ends = figure.ends or (following.begins if following else None)
    given = {"from": f"{figure.begins:%Y-%m-%d}", "to": f"{ends:%Y-%m-%d}" if ends else ""}
    if ends:
        return _("%(from)s 起，到 %(to)s 前一天") % given
    return _("%(from)s 起") % given

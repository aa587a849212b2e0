"""A charity's whole year in words: its ratios, what they are of, why figures were refused."""

from typing import Any, Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jusha.oversight.year_rules import REFUSALS as CODES
from jusha.oversight.year_rules import RULES, Ratio

SPENDING: Final = (
    _("慈善活动支出的比例"),
    _("全年慈善活动支出，除以上年总收入（或者前三年的平均收入，取要求低的一个）。至少要有："),
)
ADMIN: Final = (
    _("管理费用的比例"),
    _("全年管理费用，除以全年总支出（慈善活动支出加管理费用）。至多可以有："),
)
STATES: Final[dict[str, Promise]] = {
    "met": pgettext_lazy("ratio", "照这样到年底，符合"),
    "missed": pgettext_lazy("ratio", "照这样到年底，不符合"),
    "exempt": pgettext_lazy("ratio", "管理费用很低，不受比例限制"),
    "unknown": pgettext_lazy("ratio", "没有查到这一年对这类机构的规定"),
}
REFUSALS: Final[dict[str, Any]] = {
    "year": _("请写一个年份，从 2016 年到今年。"),
    "day": _("截止的那天要在这一年里，不晚于今天，写成 2026-12-01 这样。"),
    "amount": _("请写成 120000 或 120000.50 这样的金额（元），没有就写 0。"),
    "income": _("请写下上年总收入，比例要用它来算。"),
    "reason": _("有一项比例照这样不符合。请写明原因，以及向哪个部门报告了，最多 1000 字。"),
    "stale": _("这一年已经有了更新的一版，没有办成，什么都没有改变。请重新提出。"),
}
assert tuple(REFUSALS) == CODES
LEAST: Final = frozenset(least for least, _most in RULES.values())


class Shown(NamedTuple):
    """A ratio as pages show it; percentages with one decimal, "" where there is none."""

    name: str
    of: str
    now: str
    by_end: str
    law: str
    state: str
    words: str


def shown(ratio: Ratio) -> Shown:
    """Put a ratio in words."""
    name, of = SPENDING if ratio.rule in LEAST else ADMIN
    return Shown(
        str(name),
        str(of),
        _percent(ratio.now),
        _percent(ratio.by_end),
        _percent(ratio.law),
        ratio.state,
        str(STATES[ratio.state]),
    )


def _percent(permille: int | None) -> str:
    return "" if permille is None else f"{permille // 10}.{permille % 10}%"

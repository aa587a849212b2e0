"""What is said of expenses: kinds of cost, states of a request, why one was refused."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jusha.projects import expense_rules as rules
from jusha.projects.line import LINES

KINDS: Final[dict[str, Promise]] = {
    "goods": _("物资"),
    "services": _("服务"),
    "grants": _("发给受助人"),
    "works": _("工程"),
    "transport": _("运输"),
    "staff": _("人员"),
    "office": _("办公"),
    "other": _("其他支出"),
}
assert tuple(KINDS) == rules.KINDS
LINE_NAMES: Final[dict[str, Promise]] = {
    "programme": _("用于项目"),
    "running": _("执行成本"),
}
assert LINE_NAMES.keys() == LINES.keys()
NAME_OF: Final = {number: LINE_NAMES[name] for name, number in LINES.items()}
STATES: Final[dict[str, Promise]] = {
    "asked": pgettext_lazy("expense", "等财务确认"),
    "declined": pgettext_lazy("expense", "已退回"),
    "withdrawn": pgettext_lazy("expense", "已撤回"),
    "confirmed": pgettext_lazy("expense", "已确认，正在记账"),
    "settled": pgettext_lazy("expense", "已记账"),
    "refused": pgettext_lazy("expense", "没有记账"),
}
FAULTS: Final[dict[str, Promise]] = {
    "project": _("请选您机构的一个项目。"),
    "line": _("请选用于项目或执行成本。"),
    "amount": _("请写成 20 或 20.50 这样的金额。"),
    "what": _("请选一个类别。"),
    "purpose": _("请写下用在了什么上，最多 200 个字。"),
    "place": _("请写下用在了哪里，最多 80 个字。"),
    "supplier": _("收款方最多 80 个字。"),
    "on": _("请写成 2026-12-01 这样的日期。"),
    "to-come": _("这一天还没有到。请写付款的那天。"),
    "units": _("数量请写整数。"),
    "more-than-is-left": _("这一项剩下的钱不够。什么都没有改变。"),
    "evidence": _("请上传发票或付款凭证。"),
}
assert tuple(FAULTS) == rules.FAULTS
NOT_SURE: Final = _("公开前请先看一遍，确认上面没有个人信息，再勾选。什么都没有改变。")
SHEET_FAULTS: Final[dict[str, Promise]] = {
    "rows": _("表里没有支出，或者超过 200 行。"),
    "columns": _("每一行要有 9 列，次序和下面的说明一样。"),
}


def what_kind(code: str) -> str:
    """A kind of cost in words; an unknown code as it is."""
    return str(KINDS.get(code, code))

"""The platform's report in words: what each figure counts, and why a report was refused."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from jusha.oversight.platform_rules import FIGURES
from jusha.oversight.platform_rules import REFUSALS as CODES

NAMES: Final[dict[str, Promise]] = {
    "first": _("公示账本从第几条起"),
    "upto": _("到第几条之前"),
    "charities": _("收到捐款的慈善组织"),
    "projects": _("收到捐款的项目"),
    "campaigns": _("有捐款的活动"),
    "gifts": _("捐款笔数"),
    "donated": _("捐款"),
    "online": _("其中线上捐款"),
    "released": _("拨付的配捐"),
    "refunded": _("登记的退款"),
    "arrived": _("已经退到捐赠人的"),
    "residue": _("退不回去、转给指定慈善组织的"),
    "programme": _("用于项目的支出"),
    "running": _("执行成本的支出"),
    "complaints": _("收到的举报"),
    "in_time": _("按时答复的"),
    "late": _("答复晚了或逾期没有答复的"),
    "suspended": _("暂停的项目（次）"),
    "taken_down": _("下线的项目（次）"),
}
assert tuple(NAMES) == FIGURES
SHARES: Final[dict[str, tuple[Promise, Promise]]] = {
    "online": (
        _("线上捐款的比例"),
        _("经支付渠道和合作方当时收到的捐款，除以全部捐款；银行转账和机构导入的名单不算线上。"),
    ),
    "running": (
        _("执行成本的比例"),
        _("各项目登记的执行成本，除以登记的全部支出。是各机构的成本，不是平台的。"),
    ),
    "raising": (
        _("平台成本的比例"),
        _("运行这个平台的成本，除以全部捐款。平台不从捐款里收费，这笔成本由运行方承担。"),
    ),
}
REFUSALS: Final[dict[str, Promise]] = {
    "period": _("没有这个时期。什么都没有改变。"),
    "not-over": _("这个时期还没有过完。过完以后再写。"),
    "amount": _("请把收入和成本写成 1200 或 1200.50 这样的金额，没有就写 0。"),
    "words": _("请写下这个时期平台的运行情况，最多 2000 字。"),
    "correction": _("这是更正：请写下改了什么、为什么，最多 400 字。"),
}
assert tuple(REFUSALS) == CODES


def period_name(period: str) -> str:
    """`2026-h1` as people say it."""
    year, _dash, half = period.partition("-h")
    if not half:
        return _t("%(year)s 年全年") % {"year": year}
    text = _t("%(year)s 年上半年") if half == "1" else _t("%(year)s 年下半年")
    return text % {"year": year}

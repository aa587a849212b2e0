"""What classes, causes and reasons of accounts are called on pages."""

from typing import Final

from django.utils.translation import gettext_lazy

CLASS_NAMES: Final = {
    "matched": gettext_lazy("两边一致"),
    "day-differs": gettext_lazy("日期不同"),
    "amount-differs": gettext_lazy("金额不同"),
    "only-here": gettext_lazy("只在名单上"),
    "only-there": gettext_lazy("只在账单上"),
}

CAUSE_NAMES: Final = {
    "": gettext_lazy("原因看不出来"),
    "cut-off": gettext_lazy("半夜前半小时内付款，另一边记在次日"),
    "repeated": gettext_lazy("同一单号多出的一行"),
    "no-list": gettext_lazy("另一边没有这一天的记录"),
    "ten-times": gettext_lazy("相差十倍"),
    "hundred-times": gettext_lazy("相差一百倍"),
    "digits-swapped": gettext_lazy("相邻两位数字对调"),
}


def class_name(code: str) -> str:
    """What a class is called; the code itself for one made after this version."""
    return str(CLASS_NAMES.get(code, code))


def cause_name(code: str) -> str:
    """What a cause is called; the code itself for one made after this version."""
    return str(CAUSE_NAMES.get(code, code))

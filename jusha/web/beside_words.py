"""What classes, causes and reasons of accounts are called on pages."""

from typing import Final

from django.utils.translation import gettext_lazy, pgettext_lazy

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


CLASS_MEANS: Final = {
    "matched": gettext_lazy("单号、金额、日期都相同"),
    "day-differs": gettext_lazy("单号和金额相同，日期不同"),
    "amount-differs": gettext_lazy("单号相同，金额不同"),
    "only-here": gettext_lazy("名单上有，账单上没有"),
    "only-there": gettext_lazy("账单上有，名单上没有"),
}

STATE_NAMES: Final = {
    "taken-back": gettext_lazy("已从原捐赠中退回"),
    "no-gift": gettext_lazy("找不到原捐赠"),
    "over-gift": gettext_lazy("退款多于捐赠余额，等待机构处理"),
    "other-amount": gettext_lazy("同一退款先前是另一个金额，等待机构处理"),
    "repeated": gettext_lazy("同一退款重复出现，只退一次"),
    "several-gifts": gettext_lazy("单号对应多笔捐赠，等待机构处理"),
    "refused": gettext_lazy("未能退回，等待机构处理"),
}

UNREAD_NAMES: Final = {
    "no-subfolder": gettext_lazy("不在约定的子文件夹里"),
    "too-deep": gettext_lazy("在更深一层的文件夹里"),
    "other-name": gettext_lazy("文件名不合约定"),
    "not-taken": gettext_lazy("文件不完整，或不是约定的样子"),
}

REFUNDS: Final = pgettext_lazy("entry", "退款")

REASON_NAMES: Final = {
    "bad-encoding": gettext_lazy("文字无法识别"),
    "bad-quoting": gettext_lazy("引号不成对"),
    "line-too-long": gettext_lazy("行太长"),
    "wrong-field-count": gettext_lazy("列数不对"),
    "no-id": gettext_lazy("没有单号"),
    "id-too-long": gettext_lazy("单号太长"),
    "bad-time": gettext_lazy("时间无法识别"),
    "time-in-future": gettext_lazy("时间在将来"),
    "bad-amount": gettext_lazy("金额无法识别"),
    "negative-amount": gettext_lazy("金额是负数"),
    "zero-amount": gettext_lazy("金额是零"),
    "amount-too-large": gettext_lazy("金额太大"),
    "number-shortened": gettext_lazy("表格截短了数字"),
    "unknown-project": gettext_lazy("项目不明"),
}


def state_name(code: str) -> str:
    """What a refund's standing is called; the code itself for one made after this version."""
    return str(STATE_NAMES.get(code, code))


def reason_name(code: str) -> str:
    """Why a line was not taken; the code itself for one made after this version."""
    return str(REASON_NAMES.get(code, code))


def class_means(code: str) -> str:
    """What a class means, in a few words."""
    return str(CLASS_MEANS.get(code, ""))


def class_name(code: str) -> str:
    """What a class is called; the code itself for one made after this version."""
    return str(CLASS_NAMES.get(code, code))


def cause_name(code: str) -> str:
    """What a cause is called; the code itself for one made after this version."""
    return str(CAUSE_NAMES.get(code, code))

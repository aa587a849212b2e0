"""What the codes of the rails' bills mean, in words that finance reads."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy, pgettext_lazy

from jusha.giving.models import RailBill, RailDifference
from jusha.giving.reconcile import CAUSES as SLIPS
from jusha.giving.reconcile import slip
from jusha.web.beside_words import CAUSE_NAMES

KINDS: Final = {
    "only-there": gettext_lazy("长款：渠道有，账本没有"),
    "only-here": gettext_lazy("短款：账本有，渠道没有"),
    "amount-differs": gettext_lazy("金额不符"),
    "state-differs": gettext_lazy("状态不符"),
}

CAUSES: Final = {
    "repeated": gettext_lazy("同一笔在账单里多出一行。"),
    "cut-off": gettext_lazy("付款在当天最后半小时，可能记在次日的账单里。次日账单到了会自动再对。"),
    "no-bill": gettext_lazy("渠道说这一天没有账单。每六小时会自动再问一次。"),
    "refunded-there": gettext_lazy("渠道退了款，账本里没有这笔退款。可能是在商户后台退的。"),
    "not-on-bill": gettext_lazy("渠道答复过退款已到账，各天账单里却没有这一行。"),
    "not-arrived-here": gettext_lazy("账单说退款已完成，账本里还没有到账。"),
    "not-arrived-there": gettext_lazy("账本记着退款已到账，账单说没有退成。"),
}

STATES: Final = {
    "open": pgettext_lazy("difference", "待处理"),
    "proposed": pgettext_lazy("difference", "等待第二人确认"),
    "cleared": pgettext_lazy("difference", "已核销"),
    "gone": pgettext_lazy("difference", "两边已经一致"),
}

STEPS: Final = {
    "found": pgettext_lazy("difference step", "对账时发现"),
    "again": pgettext_lazy("difference step", "又出现了，或者内容有变化"),
    "asked": pgettext_lazy("difference step", "向渠道查询"),
    "recorded": pgettext_lazy("difference step", "渠道答复确有这笔付款，已自动补记"),
    "gone": pgettext_lazy("difference step", "再次对账，两边已经一致"),
    "proposed": pgettext_lazy("difference step", "提出核销"),
    "returned": pgettext_lazy("difference step", "退回核销"),
    "cleared": pgettext_lazy("difference step", "第二人确认核销"),
}

ANSWERS: Final = {
    "paid": pgettext_lazy("rail's answer", "已付款"),
    "unpaid": pgettext_lazy("rail's answer", "没有付款"),
    "closed": pgettext_lazy("rail's answer", "订单已关闭，没有付款"),
    "refunded": pgettext_lazy("rail's answer", "付过款，已转入退款"),
    "unknown": pgettext_lazy("rail's answer", "没有这个订单或退款"),
    "arrived": pgettext_lazy("rail's answer", "退款已到账"),
    "pending": pgettext_lazy("rail's answer", "退款处理中"),
    "failed": pgettext_lazy("rail's answer", "退款没有成功"),
    "refused": pgettext_lazy("rail's answer", "渠道拒绝答复"),
    "no-order": pgettext_lazy("rail's answer", "没有查询：这一行不是本站的订单"),
    "no-account": pgettext_lazy("rail's answer", "没有查询：不知道是哪个商户号"),
}

REASONS: Final = {
    "rail-corrects": gettext_lazy("渠道承认出错，会更正账单"),
    "sent-back": gettext_lazy("款项已经由渠道退给付款人"),
    "booked-otherwise": gettext_lazy("已经记在账本的另一条里"),
    "not-a-gift": gettext_lazy("不是捐款，是商户号的其他收款"),
    "charity-pays": gettext_lazy("差额由机构承担"),
    "other": gettext_lazy("其他原因，写在说明里"),
}

REFUSALS: Final = {
    "not-yours": gettext_lazy("这件事要由另外的人来做。"),
    "not-now": gettext_lazy("这处差异刚刚有了变化，请看下面的最新情况。"),
    "same-person": gettext_lazy("提出和确认要由两个人分别做。"),
    "bad-reason": gettext_lazy("请选一个原因。"),
    "needs-a-note": gettext_lazy("请写明依据，例如渠道的工单号或银行回单号。"),
    "bad-note": gettext_lazy("说明最多 200 个字，只写一行。"),
    "changed": gettext_lazy("核销的原因刚刚改过，请看清楚再确认。"),
    "bad-day": gettext_lazy("请选最近 92 天里、今天或更早的一天。"),
}

BILLS: Final = {
    "asked": gettext_lazy("还没有取到账单，会自动再取"),
    "read": gettext_lazy("账单已读"),
    "empty": gettext_lazy("渠道说这一天没有账单"),
    "unread": gettext_lazy("账单取不到或读不了，每小时自动再试"),
}


def word(words: Mapping[str, Any], code: str) -> str:
    """The words of a code; the code itself where there are none yet."""
    return str(words.get(code, code))


def cause(found: RailDifference) -> str:
    """What is known of the cause, in words; "" where nothing is."""
    if found.cause:
        return word(CAUSES, found.cause)
    if found.kind == "amount-differs" and found.there and found.here:
        seen = SLIPS[slip(found.there, found.here)]
        return word(CAUSE_NAMES, seen) if seen else ""
    return ""


def bill_state(bills: list[RailBill]) -> str:
    """How the bills of a day stand: the least that is true of all."""
    for state in ("unread", "asked", "read", "empty"):
        if any(bill.state == state for bill in bills):
            return state
    return "asked"


def fee(micro: int) -> str:
    """A fee in yuan, exactly: two decimals, or as many as it has."""
    whole, part = divmod(abs(micro), 10**6)
    decimals = f"{part:06d}".rstrip("0")
    return f"{'-' if micro < 0 else ''}¥{whole:,}.{decimals:0<2}"

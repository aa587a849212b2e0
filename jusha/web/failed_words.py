"""What failed refunds and refused receipts mean, and what a person does next, in words."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jusha.giving.hand_rules import REFERENCE_MIN

NO_RAIL: Final = "no-rail-channel"
"""The gift came by bank or by a file (new_sendings.sql): no rail could be asked, or asked again."""
WHY: Final = {
    NO_RAIL: gettext_lazy("这笔钱是银行转账或文件来的，没有渠道可以原路退"),
    "no-route": gettext_lazy("这里不知道它从哪个商户号付来"),
    "undeliverable": gettext_lazy("支付渠道收到了退款，但退不到付款账户（常见的是卡已注销）"),
    "not-this-payment": gettext_lazy("渠道上的这笔付款和退款对不上"),
    "unknown-deed": gettext_lazy("账本不认得这笔捐赠"),
    "more-than-is-owed": gettext_lazy("渠道说退了，账本上已经不欠这么多"),
}
NEXT: Final = {
    NO_RAIL: gettext_lazy(
        "请机构用自己的银行账户把钱转回原来付款的账户，再在下面登记，由另一位财务确认。"
    ),
    "no-route": gettext_lazy(
        "先请平台的运营人员登记机构的商户号，再点“再试一次”；没有商户号的，用银行转账退。"
    ),
    "undeliverable": gettext_lazy(
        "先在渠道的商户平台处理这笔退款异常，再点“再试一次”；渠道办不了的，用银行转账退。"
    ),
    "not-this-payment": gettext_lazy("请带着下面的退款单号问渠道的客服，问清以后再试。"),
    "unknown-deed": gettext_lazy("请告诉平台的运营人员，先不要自己付款。"),
    "more-than-is-owed": gettext_lazy("可能已经有人付过。请先对账，不要再付一次。"),
}
ORDER: Final = "order-"
"""Codes that begin so: the rail does not know the order as paid; behind it stands its state."""
REFUSALS: Final = {
    "not-yours": gettext_lazy("这件事要由另外的人来做。"),
    "not-now": gettext_lazy("刚刚有了变化，请看最新的情况。"),
    "same-person": gettext_lazy("登记和确认要由两个人分别做。"),
    "residue": gettext_lazy(
        "这家机构退不回去的钱，有一份转给别的机构的决定正等第二个人确认。请等它办完再处理。"
    ),
    "bad-reference": gettext_lazy("请写银行回单号：6 到 64 个字，中间没有空格。"),
    "bad-day": gettext_lazy("请写付款的日期，不能在今天以后。"),
    "changed": gettext_lazy("登记的内容刚刚改过，请再看一遍。"),
}
assert REFERENCE_MIN == 6, "the words say so"  # noqa: PLR2004 - as above


def why(code: str) -> str | Promise:
    """Why a refund failed, by its code."""
    if code.startswith(ORDER):
        return _("渠道说这个订单没有付成")
    return WHY.get(code) or _("支付渠道没有接受退款")


def next_step(code: str) -> str | Promise:
    """What the finance person does about it."""
    if code.startswith(ORDER):
        return NEXT["not-this-payment"]
    return NEXT.get(code) or _(
        "请按代码问渠道的客服。原因消除以后再试一次；办不了的，用银行转账退。"
    )


def receipt_why(code: str) -> str:
    """Why an issuer said no, by its code."""
    if code == "no-charity":
        return _("这里没有机构或项目的页面，开不了票")
    return _("机构的票据系统没有接受")


def receipt_next(*, is_reversal: bool) -> str:
    """What the finance person does about a receipt."""
    if is_reversal:
        return _(
            "退款在等这张票据冲红。请在机构的票据系统里看原因；每小时会自己再问一次，也可以现在再问。"
        )
    return _(
        "请在机构的票据系统里看原因：抬头不对的，请捐赠人在订单页改；系统原因的，修好以后再问一次。"
    )

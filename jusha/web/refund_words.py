"""What the codes of refund cases mean, in words that donors and staff read."""

from typing import Any, Final, NamedTuple

from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from jusha.giving.models import RefundCase, RefundStep
from jusha.giving.refund_rules import ARRIVED, MOVING, UNDECIDED, UNDELIVERED
from jusha.giving.residue_models import ResidueGift
from jusha.giving.residue_queries import of_gift
from jusha.web.timeline import Step

REASONS: Final = {
    "wrong-amount": gettext_lazy("金额填错了"),
    "paid-twice": gettext_lazy("重复付款"),
    "minor": gettext_lazy("未成年人或无民事行为能力人付的款"),
    "project-stopped": gettext_lazy("项目停止或无法进行"),
    "not-authorised": gettext_lazy("不是我本人付的款"),
    "changed-mind": gettext_lazy("改变了主意"),
    "other": gettext_lazy("其他原因"),
    "complaint": gettext_lazy("支付渠道转来的投诉"),
    "chargeback": gettext_lazy("支付渠道拒付，款项已被划回"),
}

STATES: Final = {
    "asked": pgettext_lazy("refund", "等待机构财务审核"),
    "approved": pgettext_lazy("refund", "审核通过，等待第二人确认"),
    "confirmed": pgettext_lazy("refund", "已确认，正在记账"),
    "booked": pgettext_lazy("refund", "已记账，正在原路退回"),
    "sent": pgettext_lazy("refund", "支付渠道正在退款"),
    "undelivered": pgettext_lazy("refund", "原路没有退成，款项仍然欠着您"),
    "arrived": pgettext_lazy("refund", "已退回"),
    "declined": pgettext_lazy("refund", "机构没有同意"),
    "refused": pgettext_lazy("refund", "没有退款：可退的金额已经不够"),
    "overtaken": pgettext_lazy("refund", "已由另一笔退款或争议处理"),
    "withdrawn": pgettext_lazy("refund", "申请已撤回"),
}

STEPS: Final = {
    "asked": pgettext_lazy("refund step", "提出退款申请"),
    "approved": pgettext_lazy("refund step", "机构财务审核通过"),
    "confirmed": pgettext_lazy("refund step", "第二人确认"),
    "booked": pgettext_lazy("refund step", "写入公示账本"),
    "sent": pgettext_lazy("refund step", "交给支付渠道"),
    "undelivered": pgettext_lazy("refund step", "支付渠道没有退成"),
    "arrived": pgettext_lazy("refund step", "款项退回付款账户"),
    "declined": pgettext_lazy("refund step", "机构没有同意"),
    "refused": pgettext_lazy("refund step", "账本拒绝：可退的金额已经不够"),
    "overtaken": pgettext_lazy("refund step", "由另一笔退款或争议代替"),
    "withdrawn": pgettext_lazy("refund step", "撤回申请"),
}

BY_HAND: Final = pgettext_lazy("refund", "已记账，等机构用银行转账退给您")
GIVEN_ON: Final = pgettext_lazy("refund", "没能退回，已转给主管部门指定的慈善组织")
BY_HAND_STEP: Final = pgettext_lazy("refund step", "机构用银行转账退")
"""Where no rail takes the money back: what is booked waits for the charity's own transfer."""
WAITS_FOR_HAND: Final = frozenset({"booked", "undelivered"})

DECLINES: Final = {
    "already-spent": gettext_lazy("善款已经按约定用出去了"),
    "no-evidence": gettext_lazy("还缺少说明或证明"),
    "not-the-payer": gettext_lazy("申请人不是付款人"),
    "agreement": gettext_lazy("捐赠协议另有约定"),
    "answered": gettext_lazy("已在支付渠道答复"),
    "other": gettext_lazy("其他原因"),
}

WHAT_NEXT: Final = {
    "already-spent": gettext_lazy(
        "您可以向机构查询并复制这笔钱的使用情况（慈善法第四十二条）；有异议可以向民政部门反映。"
    ),
    "no-evidence": gettext_lazy("请补充说明后再申请一次，或者打电话给机构。"),
    "not-the-payer": gettext_lazy("请由付款人用下单的浏览器或账户申请。"),
    "agreement": gettext_lazy("请按协议联系机构；有异议可以向民政部门反映。"),
    "answered": gettext_lazy("请在支付渠道查看答复。"),
    "other": gettext_lazy("请打电话给机构；有异议可以向民政部门反映。"),
}

REFUSALS: Final = {
    "not-yours": gettext_lazy("这件事要由另外的人来做。"),
    "not-now": gettext_lazy("这个申请刚刚有了变化，请看下面的最新情况。"),
    "same-person": gettext_lazy("审核和确认要由两个人分别做。"),
    "own-gift": gettext_lazy("这是您自己的捐赠，请由别人处理。"),
    "too-much": gettext_lazy("申请的金额超过了还可以退的金额。"),
    "too-many": gettext_lazy("这笔捐赠已经申请过五次，请直接联系机构。"),
    "open-case": gettext_lazy("这笔捐赠已有一个申请在处理中。"),
    "bad-reason": gettext_lazy("请选一个原因。"),
    "bad-amount": gettext_lazy("请写成 20 或 20.50 这样的金额。"),
    "bad-words": gettext_lazy("说明里有不能显示的字符，请改一下。"),
    "unknown-deed": gettext_lazy("找不到这笔捐赠。"),
    "words-too-long": gettext_lazy("说明最多 200 个字。"),
    "needs-a-name": gettext_lazy("请先登录。"),
    "receipt-stands": gettext_lazy("这笔捐赠的票据还没有冲红，冲红之后才能退款。"),
}

HAS_ENTRY: Final = frozenset({"booked", "sent", "undelivered", "arrived"})
"""States in which the refund stands in the public log."""
AHEAD: Final = {
    "asked": ("approved", "confirmed", "booked", "arrived"),
    "approved": ("confirmed", "booked", "arrived"),
    "confirmed": ("booked", "arrived"),
    "booked": ("arrived",),
    "sent": ("arrived",),
    "undelivered": ("arrived",),
}


class Told(NamedTuple):
    """A case as pages show it; amounts in the smallest unit of its asset."""

    case: RefundCase
    reason: str
    state: str
    declined: str
    next: str
    steps: list[Step]
    can_withdraw: bool
    has_words: bool
    is_moving: bool
    is_done: bool
    by_hand: bool
    """No rail takes it back: the charity pays it by its own bank."""
    residue: ResidueGift | None
    """What of it went to another charity, because it could not go back."""


def told(
    case: RefundCase, steps: list[RefundStep], *, has_words: bool = False, by_hand: bool = False
) -> Told:
    """Say how a case stands, what happened, and what comes.

    `by_hand`: the gift came by bank or by a file, so the charity pays it back by its own bank.
    One question for a case that is undelivered. Reads: jusha_residuegift, jusha_residueorder.
    """
    residue = of_gift(case.deed) if case.state == UNDELIVERED else None
    waits = by_hand and case.state in WAITS_FOR_HAND and case.reason != "chargeback"
    return Told(
        case=case,
        reason=word(REASONS, case.reason),
        state=str(GIVEN_ON if residue else BY_HAND if waits else word(STATES, case.state)),
        declined=word(DECLINES, case.declined_for) if case.declined_for else "",
        next=word(WHAT_NEXT, case.declined_for) if case.declined_for else "",
        steps=timeline(case, steps, by_hand=by_hand, is_over=residue is not None),
        can_withdraw=case.state in UNDECIDED and case.asked_as == "donor",
        has_words=has_words,
        is_moving=case.state in UNDECIDED | MOVING and residue is None,
        is_done=case.state == ARRIVED,
        by_hand=by_hand,
        residue=residue,
    )


def timeline(
    case: RefundCase, steps: list[RefundStep], *, by_hand: bool = False, is_over: bool = False
) -> list[Step]:
    """What was done, the last of it now, and what is still ahead, if anything is."""
    words = STEPS | {"undelivered": BY_HAND_STEP} if by_hand else STEPS
    found = [
        Step(f"{localtime(step.at):%Y-%m-%d %H:%M}", word(words, step.did), "done")
        for step in steps
    ]
    booked = next((n for n, step in enumerate(steps) if step.did in HAS_ENTRY), None)
    if booked is not None:  # a fast rail is told before anybody looked
        found[booked] = found[booked]._replace(number=case.entry)
    if found:
        found[-1] = found[-1]._replace(state="now")
    coming = () if is_over else AHEAD.get(case.state, ())
    ahead = [Step(_("之后"), word(STEPS, did), "ahead") for did in coming]
    return found + ahead


def word(words: dict[str, Any], code: str) -> str:
    """The words for a code; the code itself for one that is newer than this version."""
    return str(words.get(code, code))

"""Residue of an unlawful fundraising in words: what was refused, and where the money went."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.giving.residue_rules import REFUSALS as CODES

REFUSALS: Final[dict[str, Promise]] = {
    "nothing": _("这家机构在这个活动里没有退不回去的钱。什么都没有改变。"),
    "waits": _("这些退款还在路上，或者有人说已经人工付了。等有了结果再来。什么都没有改变。"),
    "no-run": _("这个活动还没有整体退款。先把能退的都退回去。"),
    "no-charity": _("平台上没有这个代码的机构。请先让它登记，再写它的代码。"),
    "same-charity": _("余款不能给募捐的机构自己。"),
    "other-charity": _("整体退款时指定的是另一家机构。请核对文书；要换，就重新登记一次整体退款。"),
    "authority": _("请写下主管部门的全称。"),
    "document": _("请照文书写下文号。"),
    "document-day": _("请写成 2026-12-01 这样的日期，不晚于今天。"),
    "reference": _("请写下银行转账的流水号，至少 6 个字符。"),
    "paid-day": _("请写成 2026-12-01 这样的日期，不早于文书的那天，不晚于今天。"),
    "evidence": _("请上传文书的照片或 PDF。"),
    "stale": _("没能退回的钱和提出时不一样了，没有办成，什么都没有改变。请撤回，核对转账再提出。"),
}
"""By the codes of giving/residue_rules.py."""
assert tuple(REFUSALS) == CODES
FIELDS: Final = {
    "no-charity": "receiver", "same-charity": "receiver", "other-charity": "receiver",
    "authority": "authority", "document": "document", "document-day": "document_on",
    "reference": "reference", "paid-day": "paid_on", "evidence": "paper",
}  # fmt: skip
"""At which field of the form a refusal stands; the others stand above it."""

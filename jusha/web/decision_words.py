"""Why a decision of two was refused, in words."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REFUSALS: Final[dict[str, Promise]] = {
    "same-person": _("提出的人和确认的人要是两个人。请同事来确认。什么都没有改变。"),
    "not-yours": _("您的职位不能做这一步。什么都没有改变。"),
    "no-words": _("请写下要改什么，对方才知道怎么办。"),
    "ended": _("这件事已经有了结果，或者有人先办了一步。请看页面上现在的情况。"),
    "unknown": _("这件事已经有了结果，或者有人先办了一步。请看页面上现在的情况。"),
    "waits": _("已经有一个同样的提议在等确认。什么都没有改变。"),
    "proposed": _("同事已经提议接纳。要退回，请在提议上退回。什么都没有改变。"),
    "unchecked": _("请把每一项都核对过再提交。"),
    "code-taken": _("网址简称已经被占用。请退回申请，让对方换一个。"),
    "uscc-taken": _("这个统一社会信用代码的机构已经在平台上了。请退回申请。"),
    "stale": _("情况变了，没有办成，什么都没有改变。请重新核对。"),
    "two-sides": _("这个人在平台任职，不能同时为机构工作。什么都没有改变。"),
    "has-role": _("这个人已经在这家机构里了。什么都没有改变。"),
    "address": _("请写一个邮箱地址，例如 lin@example.org。"),
    "role": _("请选一个职位。"),
    "number": _("请照证书写下编号和发证机关。"),
    "days": _("有效期不对：请照证书填写，最后一天不早于第一天。"),
    "evidence": _("请上传文件的照片或 PDF。"),
    "name": _("请写下机构的全称。"),
    "uscc": _("统一社会信用代码不对：应该是 18 位，最后一位是校验码。请照登记证书再核对一遍。"),
    "other-uscc": _("证书上的统一社会信用代码和机构的不一样。请看看是不是拿错了证书。"),
    "own": _("合作方不能是机构自己。"),
    "not-qualified": _("没有有效的公开募捐资格证书，不能挂合作方，也不能收款。"),
    "begins": _("请写从哪一天起，不早于今天。"),
    "tier": _("请选一个分级。"),
    "no-hub": _("所选的机构在那一天不是枢纽机构。"),
    "hub-of-hub": _("枢纽机构不属于别的网络：网络只有一层。"),
    "has-members": _("还有机构属于它的网络。请先让它们离开，再改它的分级。"),
    "block-text": _("请写出资方的全称，或者至少两个字的词。"),
    "block-kind": _("请选一种匹配方式和一种原因。"),
    "payee-address": _("号码的样子不对。请照支付方或银行的证明再核对一遍。"),
    "no-intro": _("请写一段介绍，最多 300 个字。"),
    "payee-bank": _("请写下开户行，写到支行。"),
    "payee-name": _("户名要和机构的登记名称一字不差。合作方和个人的账户不能收款。"),
    "payee-taken": _("这个账户是另一家机构的。什么都没有改变。"),
    "payee-began": _("这次更换已经开始使用或已经叫停，不能再叫停。要换回来，请重新提出。"),
}
"""By the codes of people/decisions.py and of the rooms whose decisions they are."""


def refusal(code: str) -> Promise:
    """What to say; an unknown code is said to be stale."""
    return REFUSALS.get(code, REFUSALS["stale"])

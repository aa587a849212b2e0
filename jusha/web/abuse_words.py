"""What rules against abuse of matches say, in words that donors, reviewers and everybody read."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from jusha.guarding.models import AbuseCase
from jusha.guarding.rules import ACCOUNT, DEVICE, INVITE, PAYER
from jusha.web.words import money

RULES: Final[dict[str, Promise]] = {
    "rapid": gettext_lazy("比手还快"),
    "shared": gettext_lazy("一台设备或一个账户后面有许多人"),
    "reimbursed": gettext_lazy("拆分捐款，先捐后报销"),
    "own": gettext_lazy("机构自己的人套取配捐"),
    "ring": gettext_lazy("捐了又退，反复套取"),
    "quota": gettext_lazy("摊派"),
}
TERMS: Final[dict[str, Promise]] = {
    "gifts": gettext_lazy("笔数"),
    "seconds": gettext_lazy("秒数"),
    "persons": gettext_lazy("付款账户数"),
    "accounts": gettext_lazy("账号数"),
    "friends": gettext_lazy("同一份邀请带来的付款账户数"),
    "least_fen": gettext_lazy("金额下限"),
    "minutes": gettext_lazy("分钟数"),
    "refunds": gettext_lazy("退款的笔数"),
    "reports": gettext_lazy("举报件数"),
    "days": gettext_lazy("天数"),
}
STATES: Final[dict[str, Promise]] = {
    "open": pgettext_lazy("abuse", "正在复核"),
    "let": pgettext_lazy("abuse", "已放行"),
    "clawed": pgettext_lazy("abuse", "已收回"),
}
REFUSALS: Final[dict[str, Promise]] = {
    "unknown": gettext_lazy("没有这件事，或者不由您处理。什么都没有改变。"),
    "ended": gettext_lazy("这件事已经有了结果。"),
    "no-words": gettext_lazy("请写下理由，以后的人要看得懂。"),
    "conflict": gettext_lazy("这些善款里有捐给您任职的机构的，要由别的审核员处理。"),
    "waits": gettext_lazy("已经有一个提议在等第二个人。"),
    "no-gifts": gettext_lazy("这件事里没有可以收回的配捐。"),
    "bad-terms": gettext_lazy("请写全每一个阈值，用正整数。"),
    "days": gettext_lazy("新的阈值最早从明天起生效。"),
    "stale": gettext_lazy("这件事里的善款刚刚有了变化，请看最新情况后重新提出。"),
    "same-person": gettext_lazy("提出的人和确认的人要是两个人。请同事来确认。"),
    "not-yours": gettext_lazy("这件事要由审核员来做。"),
}


SENTENCES: Final[dict[tuple[str, int], Promise]] = {
    ("rapid", 0): gettext_lazy(
        "同一个付款账户在 %(seconds)s 秒内捐了 %(apart)s 笔；用手操作最多 %(least)s 笔。"
    ),
    ("shared", DEVICE): gettext_lazy(
        "一天里有 %(apart)s 个付款账户用同一个浏览器捐赠；到 %(least)s 个就要复核。"
    ),
    ("shared", ACCOUNT): gettext_lazy(
        "一天里有 %(apart)s 个付款账户用同一个账号捐赠；到 %(least)s 个就要复核。"
    ),
    ("shared", PAYER): gettext_lazy(
        "同一个付款账户一天里为 %(apart)s 个账号付款；到 %(least)s 个就要复核。"
    ),
    ("reimbursed", DEVICE): gettext_lazy(
        "%(minutes)s 分钟内，用同一个浏览器的 %(apart)s 个付款账户向同一个项目捐出同样的"
        " %(amount)s；到 %(least)s 个就要复核。"
    ),
    ("reimbursed", ACCOUNT): gettext_lazy(
        "%(minutes)s 分钟内，用同一个账号的 %(apart)s 个付款账户向同一个项目捐出同样的"
        " %(amount)s；到 %(least)s 个就要复核。"
    ),
    ("reimbursed", INVITE): gettext_lazy(
        "%(minutes)s 分钟内，由同一份邀请带来的 %(apart)s 个付款账户向同一个项目捐出同样的"
        " %(amount)s；到 %(least)s 个就要复核。"
    ),
    ("own", 0): gettext_lazy(
        "机构自己的人一天里向本机构捐了 %(gifts)s 笔，合计 %(amount)s；到 %(least)s 笔就要复核。"
    ),
    ("ring", 0): gettext_lazy(
        "同一个付款账户有 %(gifts)s 笔捐赠得到配捐后又退款；到 %(least)s 笔就要复核。"
    ),
    ("quota", 0): gettext_lazy(
        "%(days)s 天内有 %(reports)s 件关于这个项目的摊派举报；到 %(least)s 件就要复核。"
    ),
}
"""By rule and kind of link: what it counted, and where its mark is."""


def terms_told(terms: Mapping[str, int]) -> list[tuple[Promise, str]]:
    """Thresholds with their names, as people read them."""
    return [
        (name, money(terms[term]) if term == "least_fen" else f"{terms[term]:,}")
        for term, name in TERMS.items()
        if term in terms
    ]


def explained(case: AbuseCase) -> str:
    """Why a rule opened a case, in words."""
    told = {name: f"{value:,}" for name, value in case.inputs.items()}
    if "amount" in case.inputs:
        told["amount"] = money(case.inputs["amount"])
    return str(SENTENCES[case.rule, case.inputs.get("kind", 0)] % told)

"""What the codes of complaints and holds mean, in words that reporters, donors and staff read."""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from jusha.notices.carriers import Words
from jusha.oversight.forget import is_erased
from jusha.oversight.queries import Case
from jusha.oversight.words import read_words, secret_of
from jusha.web.notice_words import LANGUAGES

KINDS: Final = {
    "untrue": gettext_lazy("内容不真实：编造、夸大、冒用"),
    "money": gettext_lazy("钱的去向有问题：没有用到该用的地方"),
    "quota": gettext_lazy("强迫、摊派或诱导捐款"),
    "commercial": gettext_lazy("夹带广告、商业推销或烟草宣传"),
    "privacy": gettext_lazy("泄露了他人的隐私"),
    "content": gettext_lazy("图片或文字违法、伤害他人尊严"),
    "no-answer": gettext_lazy("联系不上机构，或者问了不答"),
    "match-held": gettext_lazy("我的配捐被暂缓，我认为弄错了"),
    "other": gettext_lazy("其他问题"),
}
STATES: Final = {
    "open": pgettext_lazy("complaint", "正在核实"),
    "answered": pgettext_lazy("complaint", "已经答复"),
    "closed": pgettext_lazy("complaint", "已经办结"),
}
STEPS: Final = {
    "received": pgettext_lazy("complaint step", "收到举报"),
    "answered": pgettext_lazy("complaint step", "平台答复"),
    "asked": pgettext_lazy("complaint step", "平台向机构核实"),
    "replied": pgettext_lazy("complaint step", "机构作了说明"),
    "held": pgettext_lazy("complaint step", "平台对项目采取措施"),
    "told": pgettext_lazy("complaint step", "平台起草了给捐赠人的通知"),
    "closed": pgettext_lazy("complaint step", "办结"),
}
FINDINGS: Final = {
    "founded": pgettext_lazy("complaint", "反映的问题属实"),
    "partly": pgettext_lazy("complaint", "部分属实"),
    "unfounded": pgettext_lazy("complaint", "没有发现反映的问题"),
    "elsewhere": pgettext_lazy("complaint", "不归本平台管，已说明该找谁"),
    "unclear": pgettext_lazy("complaint", "线索不足，无法核实"),
}
REFUSALS: Final = {
    "unknown": gettext_lazy("没有这件举报，或者不由您处理。什么都没有改变。"),
    "bad-kind": gettext_lazy("请选一种最接近的问题。"),
    "no-words": gettext_lazy("请写下要说的话。"),
    "too-long": gettext_lazy("写得太长了：举报和答复最多 1000 字，给捐赠人的通知最多 500 字。"),
    "bad-contact": gettext_lazy("请写一个邮箱或电话号码，不想留就空着。"),
    "not-now": gettext_lazy("这件举报刚刚有了变化，请看下面的最新情况。要先答复，才能办结。"),
    "conflict": gettext_lazy(
        "您在这家机构有职位，或者上一次的批准是您确认的，所以要由另一位审核员处理。"
    ),
    "bad-finding": gettext_lazy("请选核实的结论。"),
    "no-charity": gettext_lazy("这件举报不针对某一家机构，没有可以询问的对象。"),
    "no-project": gettext_lazy("这件举报不针对某一个项目。"),
    "not-asked": gettext_lazy("平台还没有询问，或者已经办结。"),
    "same-person": gettext_lazy("提出的人和确认的人要是两个人。请同事来确认。"),
    "not-yours": gettext_lazy("这件事要由审核员来做。"),
    "ended": gettext_lazy("这个提议已经有了结果。"),
    "stale": gettext_lazy("项目的状态刚刚有了变化，请看最新情况后重新提出。"),
    "bad-cause": gettext_lazy("请选暂停或下线。"),
    "bad-reason": gettext_lazy("请选一个原因。"),
    "held-already": gettext_lazy("这个项目已经暂停或下线。要放宽，请提出恢复，由两个人决定。"),
    "not-held": gettext_lazy("这个项目没有被暂停。"),
    "wait": gettext_lazy("短时间内从这里来的太多了。请过十分钟再试。"),
    "question": gettext_lazy("请先回答下面的问题，我们要确认您不是程序。"),
    "no-helper": gettext_lazy("请选一家机构。"),
    "not-waiting": gettext_lazy("这条通知已经发出或撤回了。没有改动任何东西。"),
}
CAUSES: Final = {
    "suspended": pgettext_lazy("hold", "暂停接受捐赠"),
    "taken-down": pgettext_lazy("hold", "下线"),
}
HOLD_REASONS: Final = {
    "complaint": gettext_lazy("收到举报，正在核实"),
    "untrue": gettext_lazy("项目内容与事实不符"),
    "money-use": gettext_lazy("善款使用需要说明"),
    "not-reported": gettext_lazy("没有按时公开信息"),
    "authority": gettext_lazy("主管部门要求"),
    "asked": gettext_lazy("机构自己提出"),
    "other": gettext_lazy("其他原因"),
}
TO_REPORTER: Final = frozenset({"received", "answered", "held", "closed"})
"""Steps whose words the reporter reads; what platform and charity wrote to each other is theirs."""
TO_CHARITY: Final = frozenset({"asked", "replied", "held"})
"""Steps whose words the charity reads: never what the reporter wrote or was answered."""


def word(words: Mapping[str, str | Promise], code: str) -> str:
    """What a code means in the reader's language; a code that has no words, as it is."""
    return str(words.get(code, code))


def path_of(complaint: int) -> str:
    """The reporter's secret address on this site."""
    return reverse("report-state", args=(complaint, secret_of(complaint)))


def said_of(case: Case) -> dict[int, str]:
    """What was said about a complaint, by step, for pages: nothing of a closed one that its
    reporter had erased, though the law keeps it for a while.
    """  # noqa: D205 - one thought
    if case.state == "closed" and is_erased(case.complaint.pk):
        return {}
    return read_words(case.complaint.pk)


class Said(NamedTuple):
    """One step as it is shown: when, what, what was said; at the desk also who."""

    when: str
    what: str
    words: str
    who: str = ""


def history(
    case: Case,
    said: Mapping[int, str],
    *,
    shown: Collection[str] | None = None,
    names: Mapping[UUID, str] | None = None,
) -> list[Said]:
    """What happened, in order; of the steps in `shown` (None: all) also what was said."""
    told = []
    for step in case.steps:
        what = word(STEPS, step.did)
        if step.finding:
            what = f"{what}：{word(FINDINGS, step.finding)}"
        may = shown is None or step.did in shown
        who = names.get(step.by, "") if names and step.by else ""
        when = f"{localtime(step.at):%Y-%m-%d %H:%M}"
        told.append(Said(when, what, said.get(step.pk, "") if may else "", who))
    return told


def letter(complaint: int, said: str) -> Words:
    """The letter to a reporter: what was said, in both languages around it, and the address."""
    parts, subject = [], ""
    for language in LANGUAGES:
        with translation.override(language):
            title = _("您的举报（编号 %(number)d）有了答复") % {"number": complaint}
            link = _("随时可以在这里看办理情况，请不要转给别人：")
        subject = subject or title
        parts.append(f"{title}\n\n{said}\n\n{link}\n{settings.JUSHA_SITE}{path_of(complaint)}")
    return Words(subject, "\n\n—\n\n".join(parts) + "\n")

"""What is due and what was published, in words."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jusha.projects.disclosure_models import Disclosure, DisclosurePaper
from jusha.projects.disclosure_queries import Item

KINDS: Final = {
    "progress": gettext_lazy("定期公开募捐和使用情况"),
    "final": gettext_lazy("结束后的全面公开"),
    "leftover": gettext_lazy("剩余财产怎样处理"),
    "partner": gettext_lazy("对合作方的评估和监督"),
    "emergency": gettext_lazy("应急募捐的款物情况"),
    "annual": gettext_lazy("年度工作报告和财务会计报告"),
    "post": gettext_lazy("进展"),
}
"""By kind (projects/disclosure_rules.py)."""
STATES: Final = {
    "not-yet": gettext_lazy("%(day)s 前公开"),
    "soon": gettext_lazy("快到期：%(day)s 前公开"),
    "due": gettext_lazy("今天到期"),
    "overdue": gettext_lazy("已过期：应在 %(day)s 前公开"),
    "published": gettext_lazy("已按时公开"),
    "published-late": gettext_lazy("已公开，晚于 %(day)s"),
}
REFUSALS: Final = {
    "unknown": gettext_lazy("没有找到这一项，或者您不能替这家机构写。没有改动任何东西。"),
    "no-title": gettext_lazy("请写标题，最多 80 个字。"),
    "no-words": gettext_lazy("请写正文。"),
    "no-correction": gettext_lazy("更正要写明更正说明：哪里错了，为什么。"),
    "too-many-files": gettext_lazy("最多附 12 个文件。"),
    "no-figures": gettext_lazy("财务部分和账目对不上，还不能提交。没有改动任何东西，请联系平台。"),
    "stale": gettext_lazy("这期间已经公开了另一版。请先看那一版，再写更正。"),
    "same-person": gettext_lazy("写的人和确认的人要是两个人。请财务同事来确认。"),
    "not-yours": gettext_lazy("这一步不归您的角色办。没有改动任何东西。"),
    "ended": gettext_lazy("这一项已经有了结果。没有再改动。"),
    "no-words-back": gettext_lazy("退回时请写一句要改什么。"),
}
"""By code of PaperRefusedError and DecisionRefusedError."""


class Chip(NamedTuple):
    """A deadline as pages show it."""

    state: str
    kind: str
    words: str
    address: str
    """Of the paper, where it is out; else ""."""


def chip(item: Item) -> Chip:
    """A deadline in the present language."""
    given = {"day": f"{item.due_on:%Y-%m-%d}"}
    out = item.published_on is not None
    kind = str(KINDS[item.row.kind])
    return Chip(item.state, kind, str(STATES[item.state]) % given, address(item.row) if out else "")


def pressing(items: Sequence[Item], *, most: int) -> list[Chip]:
    """The deadlines that matter most now: what is late, then what comes, then what is out."""
    late = [each for each in items if each.state == "overdue"]
    ahead = [each for each in items if each.state in {"due", "soon", "not-yet"}]
    out = [each for each in items if each.published_on is not None]
    return [chip(each) for each in (*late, *ahead[:1], *out[::-1])[:most]]


def address(row: Disclosure | DisclosurePaper) -> str:
    """The page on which a paper stands with all its versions."""
    place = row.key.rpartition("/")[2]
    if row.project:
        return reverse("disclosure", args=(row.project, row.kind, place))
    return reverse("charity-disclosure", args=(row.charity, place))


def refusal(code: str) -> str:
    """What to say of a refusal; the code where it has no words."""
    return str(REFUSALS.get(code, code))


def drafted_title(kind: str, *, title: str, upto: str) -> str:
    """A title to begin with."""
    return _("%(project)s：%(kind)s（截至 %(day)s）") % {
        "project": title, "kind": KINDS[kind], "day": upto,
    }  # fmt: skip

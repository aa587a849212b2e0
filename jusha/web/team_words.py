"""Teams in words: kinds, states, and why nothing was changed."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.teams.rules import KINDS as KIND_CODES
from jusha.teams.rules import REFUSALS as CODES

KINDS: Final[dict[str, Promise]] = {
    "friends": _("亲友一起捐"),
    "class": _("同学、校友一起捐"),
    "company": _("同事一起捐"),
    "fans": _("粉丝一起捐"),
}
assert tuple(KINDS) == KIND_CODES
REFUSALS: Final[dict[str, Promise]] = {
    "unknown": _("没有这支队伍，或者它已经不在了。什么都没有改变。"),
    "kind": _("请选一种队伍。"),
    "title": _("请写队伍的名字，最多 30 个字。"),
    "story": _("请写几句话：为什么想一起捐。最多 1000 个字。"),
    "figure": _("粉丝队伍要写清楚是谁的粉丝，最多 40 个字；别的队伍不用写。"),
    "target": _("目标请写成 1 到 1000000 元之间的金额，例如 5000。"),
    "ends": _("最后一天请选明天到 30 天之内的一天；分队不能比上面的队晚。"),
    "project": _("这个项目现在不接受捐款，不能开队。"),
    "too-many": _("您开着的队伍太多了。请先关掉一支再开。"),
    "parent": _("分队最多到第三层，不能再往下开了。"),
    "not-member": _("请先加入，再做这件事。"),
    "not-captain": _("只有队长可以做这件事。"),
    "closed": _("这支队伍已经结束，不能再改。"),
    "captain-stays": _("队长不能直接离开。请先把队长交给别人，或者关闭队伍。"),
    "handover": _("接任码不对，或者已经用过了。请队长重新给您一个。"),
    "same-team": _("请写另一支队伍的代码。"),
    "duel-waits": _("一支队伍最多同时约 5 场。请先收回一场。"),
    "no-words": _("请写下原因。"),
    "not-yours": _("要由审核员来做；撤下它的人不能自己恢复。"),
    "not-approved": _("企业还没有同意和这个项目一起做。请先在企业的页面上提出来。"),
}
"""By code of teams.rules.TeamRefusedError."""
assert tuple(REFUSALS) == CODES
FIELDS: Final = frozenset({"kind", "title", "story", "figure", "target", "ends"})
"""Refusals that stand at a field of the form; the others stand above it."""

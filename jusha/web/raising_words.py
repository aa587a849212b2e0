"""Why a project takes no orders, in words that a donor can read."""

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext_lazy

from jusha.projects.rules import Hindrance

WORDS: Final = {
    "closed": gettext_lazy("这个项目现在不接受捐赠。"),
    "certificate-none": gettext_lazy("这家机构还没有登记公开募捐资格证书，现在不能接受捐赠。"),
    "certificate-not-yet": gettext_lazy("这家机构的公开募捐资格还没有开始，现在不能接受捐赠。"),
    "certificate-expired": gettext_lazy(
        "这家机构的公开募捐资格已经到期，现在不能接受捐赠。以前的捐款不受影响，已经付的款照常入账。"
    ),
    "filing-none": gettext_lazy("这个项目的募捐方案还没有备案，现在不能接受捐赠。"),
    "filing-not-yet": gettext_lazy("备案的募捐时间还没有开始，到 %(on)s 才能接受捐赠。"),
    "filing-ended": gettext_lazy(
        "备案的募捐时间到 %(on)s 已经结束，现在不能接受捐赠。"
        "以前的捐款不受影响，已经付的款照常入账。"
    ),
    "filing-unfiled": gettext_lazy(
        "这个应急项目没有在规定的时间里办好备案，已经自动停止接受捐赠。"
        "以前的捐款不受影响，已经付的款照常入账。"
    ),
    "held": gettext_lazy(
        "这个项目暂停接受捐赠，正在核实情况。以前的捐款不受影响，已经付的款照常入账。"
    ),
    "full": gettext_lazy(
        "这个项目筹满即止：目标已经筹满，或者剩下的部分正有人在付款。没有付成的会在十几分钟内空出来。"
    ),
    "overdue": gettext_lazy(
        "这个项目该公开的情况还没有公开，公开以前不能接受捐赠。以前的捐款不受影响。"
    ),
}
"""By code of a hindrance (projects/rules.py)."""


def why_not(found: Sequence[Hindrance]) -> str:
    """The first thing that stands in the way, as a sentence; "" when nothing does."""
    return sentence(found[0]) if found else ""


def sentence(hindrance: Hindrance) -> str:
    """One hindrance as a sentence; its code where it has no word."""
    word = WORDS.get(hindrance.code)
    if word is None:
        return hindrance.code
    return str(word) % {"on": f"{hindrance.on:%Y-%m-%d}" if hindrance.on else ""}

"""Tiers of charities in words."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TIERS: Final[dict[str, Promise]] = {
    "project": _("基础项目机构：自己做项目"),
    "backbone": _("骨干机构：带着同领域或同地区的伙伴做项目"),
    "hub": _("枢纽机构：别的机构加入它的网络"),
}
KINDS: Final[dict[str, Promise]] = {
    "foundation": _("基金会"),
    "association": _("社会团体"),
    "service": _("社会服务机构"),
}
"""The forms of a charity (Charity Law section 8)."""


def kind_name(kind: str) -> str:
    """A form of charity in words."""
    return str(KINDS.get(kind, kind))

"""Official accounts in words: why a post was not published."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REFUSALS: Final[dict[str, Promise]] = {
    "unknown": _("没有发布，什么都没有改变。请重新打开这一页再试。"),
    "no-account": _("机构还没有官方账号。请先提出，等审核员核对。"),
    "no-title": _("请写标题，最多 80 个字。"),
    "no-words": _("请写正文，最多一万字。"),
    "no-correction": _("请写更正说明：哪里错了，为什么。最多 400 个字。"),
    "too-many-files": _("照片最多 9 张。"),
}
"""By code of stories.rules.PostRefusedError."""

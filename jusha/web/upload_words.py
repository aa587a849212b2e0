"""Why a file was not kept, in words at its field; and the one way a form keeps a file."""

from typing import Final
from uuid import UUID

from django import forms
from django.core.files.base import File
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.uploads.keep import keep
from jusha.uploads.models import Upload
from jusha.uploads.rules import UploadRefusedError

REFUSALS: Final[dict[str, Promise]] = {
    "empty": _("这个文件是空的。请重新选一个。"),
    "too-large": _("文件超过 20 MB。请压缩或分成几个再传。"),
    "unknown-kind": _("看不出这是什么文件。请传照片（JPEG、PNG、WebP）或 PDF。"),
    "other-kind": _("这里不收这种文件。请换一种格式再传。"),
    "broken": _("文件打不开，可能没有传完整或已经损坏。请重新导出再传。"),
    "too-many-pixels": _("图片太大了，超过五千万像素。请缩小一些再传。"),
    "moving": _("请传静止的图片，不要传动图。"),
    "encrypted": _("这个 PDF 加了密码。请去掉密码再传。"),
    "active": _("文件里带有会自动运行的内容或附件。请用“打印为 PDF”另存一份再传。"),
    "mixed": _("文件里混着另一种格式的内容。请用“打印为 PDF”另存一份再传。"),
    "too-complex": _("文件太复杂或页数太多，没有看完。请分成几个，或另存一份再传。"),
    "too-many": _("今天传的文件太多了。已经收好的还在，请明天再来。"),
    "too-fast": _("一个小时里传的文件太多了。已经收好的还在，请过一小时再来。"),
    "busy": _("现在传文件的人很多，这一份还没有看。请过一分钟再传。"),
    "away": _("存文件的地方现在连不上，这一份没有收下。写好的都还在，请过几分钟再传。"),
}


def refusal(code: str) -> Promise:
    """What to say at the field; unknown codes are said to be broken files."""
    return REFUSALS.get(code, REFUSALS["broken"])


def keep_field(
    form: forms.Form, field: str, *, by: UUID, charity: str, kinds: frozenset[str]
) -> Upload | None:
    """Keep the file of a form's field; None if it holds none, or with an error at the field.

    Call it when the rest of the form is valid, and look at form.errors behind it.
    """
    given = form.cleaned_data.get(field)
    if not isinstance(given, File):
        return None
    try:
        return keep(given, by=by, charity=charity, kinds=kinds)
    except UploadRefusedError as error:
        form.add_error(field, str(refusal(error.code)))
        return None

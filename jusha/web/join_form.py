"""The form by which somebody asks for a charity to be admitted; each error stands at its field."""

import unicodedata
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.charities import credit_code
from jusha.charities.join import Asked, is_code_taken, is_uscc_taken
from jusha.charities.models import Application
from jusha.charities.rules import ORGANISATIONS, POLICY
from jusha.inbox.envelopes import CODE
from jusha.people.models import UserAccount
from jusha.uploads import queries as uploads
from jusha.uploads.models import Upload
from jusha.uploads.rules import PAPERS
from jusha.web.tier_words import KINDS
from jusha.web.upload_words import keep_field

assert tuple(KINDS) == ORGANISATIONS
NO_KIND: Final = _("请选机构的类型。")
NO_POLICY: Final = _("请先读完平台规则，同意后勾选。")
REFUSALS: Final[dict[str, Promise]] = {
    "code-form": _("网址简称只能用小写英文字母、数字和中间的连字符，最多 40 个字符。"),
    "code-taken": _("这个网址简称已经有人用了。请换一个。"),
    "uscc": _("统一社会信用代码不对：应该是 18 位，最后一位是校验码。请照登记证书再核对一遍。"),
    "uscc-taken": _("这个统一社会信用代码的机构已经在平台上了。请让机构里的同事邀请您。"),
    "kind": NO_KIND,
    "certificate": _("请照公开募捐资格证书填写。"),
    "days": _("有效期的最后一天早于第一天。请核对。"),
    "evidence": _("请上传这份证书的照片或 PDF。"),
    "policy": NO_POLICY,
    "waits": _("您的申请正在审核，不用再交一次。"),
    "staff": _("您已经是工作人员，不能再申请。要加入另一家机构，请让那里的同事邀请您。"),
}
"""By the codes of charities/join.py."""
NEEDED: Final = _("这一项要填写。")
DAY_FORMATS: Final = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"]
NOT_A_DAY: Final = _("请写成 2026-12-01 这样的日期。")
FILES: Final = ("registration", "evidence")
YES, NO = "yes", "no"


def text(length: int) -> forms.CharField:
    """A line that has to be filled in."""
    return forms.CharField(max_length=length, error_messages={"required": NEEDED})


def day() -> forms.DateField:
    """A day as Chinese papers write it, or by numbers."""
    return forms.DateField(
        required=False, input_formats=DAY_FORMATS, error_messages={"invalid": NOT_A_DAY}
    )


class JoinForm(forms.Form):
    """What an application says. Nothing is preselected; a file once kept need not come again."""

    name_zh = text(120)
    name_en = forms.CharField(max_length=160, required=False)
    uscc = forms.CharField(max_length=30, error_messages={"required": NEEDED})
    kind = forms.ChoiceField(
        choices=[(each, each) for each in ORGANISATIONS],
        error_messages={"required": NO_KIND, "invalid_choice": NO_KIND},
    )
    code = forms.CharField(max_length=40, error_messages={"required": NEEDED})
    address_zh = text(200)
    address_en = forms.CharField(max_length=200, required=False)
    phone = text(40)
    contact = text(40)
    registration = forms.FileField(required=False, max_length=300, allow_empty_file=True)
    registration_kept = forms.CharField(required=False, max_length=64)
    raises = forms.ChoiceField(
        choices=((YES, ""), (NO, "")),
        error_messages={"required": _("请选一个。"), "invalid_choice": _("请选一个。")},
    )
    number = forms.CharField(required=False, max_length=60)
    issuer = forms.CharField(required=False, max_length=80)
    valid_from = day()
    valid_until = day()
    evidence = forms.FileField(required=False, max_length=300, allow_empty_file=True)
    evidence_kept = forms.CharField(required=False, max_length=64)
    policy = forms.IntegerField(
        min_value=POLICY,
        max_value=POLICY,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), NO_POLICY),
    )

    def __init__(self, *args: Any, account: UserAccount, **kwargs: Any) -> None:
        """Ask `account`, whose files may be used again."""
        super().__init__(*args, **kwargs)
        self.account = account
        self.kept: dict[str, Upload] = {}

    def clean_uscc(self) -> str:
        """The code as it is kept; its check character is asked here, at the field."""
        try:
            found = credit_code.read(self.cleaned_data["uscc"])
        except ValueError as error:
            raise forms.ValidationError(str(REFUSALS["uscc"])) from error
        if is_uscc_taken(found):
            raise forms.ValidationError(str(REFUSALS["uscc-taken"]))
        return found

    def clean_code(self) -> str:
        """The charity's name in addresses; free, and of the right letters."""
        code = unicodedata.normalize("NFKC", self.cleaned_data["code"]).lower()
        if not CODE.fullmatch(code):
            raise forms.ValidationError(str(REFUSALS["code-form"]))
        if is_code_taken(code):
            raise forms.ValidationError(str(REFUSALS["code-taken"]))
        return code

    def clean(self) -> dict[str, Any]:
        """Keep the files, and ask for the certificate of who raises money in public."""
        cleaned = super().clean() or {}
        self._file("registration")
        if cleaned.get("raises") == YES:
            for name in ("number", "issuer", "valid_from", "valid_until"):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, str(REFUSALS["certificate"]))
            self._file("evidence")
            first, last = cleaned.get("valid_from"), cleaned.get("valid_until")
            if first and last and last < first:
                self.add_error("valid_until", str(REFUSALS["days"]))
        return cleaned

    def _file(self, field: str) -> None:
        """Keep the file of a field now, so that another field's error does not lose it."""
        if field in self.errors:
            return
        made = keep_field(self, field, by=self.account.pk, charity="", kinds=PAPERS)
        if made is None and field not in self.errors:
            again = uploads.copies(self.cleaned_data.get(f"{field}_kept", ""))
            made = next((each for each in again if each.by == self.account.pk), None)
            if made is None:
                self.add_error(field, str(REFUSALS["evidence"]))
        if made is not None:
            self.kept[field] = made

    def asked(self) -> Asked:
        """What a valid form asks for."""
        said = self.cleaned_data
        raises = said["raises"] == YES
        certificate = {
            "number": said["number"],
            "issuer": said["issuer"],
            "valid_from": said["valid_from"],
            "valid_until": said["valid_until"],
            "evidence": self.kept["evidence"].sha256 if raises else "",
        }
        return Asked(
            code=said["code"],
            kind=said["kind"],
            raises=raises,
            name_zh=said["name_zh"],
            name_en=said["name_en"] or said["name_zh"],
            uscc=said["uscc"],
            address_zh=said["address_zh"],
            address_en=said["address_en"] or said["address_zh"],
            phone=said["phone"],
            contact=said["contact"],
            registration=self.kept["registration"].sha256,
            policy=said["policy"],
            **(certificate if raises else {}),
        )


def before(found: Application) -> dict[str, Any]:
    """What an application said, to begin a form with that mends it; agreeing is asked anew."""
    same = (
        "code", "kind", "name_zh", "name_en", "uscc", "address_zh", "address_en", "phone",
        "contact", "number", "issuer",
    )  # fmt: skip
    said: dict[str, Any] = {name: getattr(found, name) for name in same}
    said |= {"raises": YES if found.raises else NO}
    for name in ("valid_from", "valid_until"):
        on = getattr(found, name)
        said[name] = on.isoformat() if on else ""
    return said | {f"{name}_kept": getattr(found, name) for name in FILES}

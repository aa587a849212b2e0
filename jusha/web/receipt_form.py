"""What a donor writes to get a receipt: on the donate page as a part that is closed, and later."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from jusha.giving.receipt_rules import (
    E_RECEIPT,
    LETTER,
    MAIL_MAX,
    NAME_MAX,
    ORGANISATION,
    PERSON,
    Payer,
    ReceiptRefusedError,
    check_payer,
)

NONE: Final = "none"
FIELD_OF: Final = {
    "bad-name": "receipt_name",
    "bad-code": "receipt_code",
    "bad-mail": "receipt_mail",
    "no-consent": "receipt_consent",
}
WORDS: Final = {
    "bad-name": _("请写下抬头，最多 60 个字。"),
    "bad-code": _("统一社会信用代码有 18 位，请对照营业执照再看一遍。个人不用写。"),
    "bad-mail": _("这个邮箱地址不完整。可以不写。"),
    "no-consent": _("要勾选同意，我们才能把抬头交给机构。"),
    "already-issued": _("电子票据已经开出，不能再改。要改请联系机构。"),
    "under-way": _("正在开票，请等结果出来再改。"),
    "no-issuer": _("这里还不能申请电子票据，可以要捐赠确认函。"),
    "refund-waits": _("这笔捐赠正在退款，退款办完才能再开。"),
    "too-often": _("这封确认函已经改过几次了。还要改请联系机构。"),
    "no-wish": _("没有可以开具或撤回的。"),
}


class ReceiptForm(forms.Form):
    """Whom a receipt is for. Nothing is wanted until the donor says so."""

    receipt = forms.ChoiceField(
        required=False, choices=((NONE, ""), (PERSON, ""), (ORGANISATION, "")), initial=NONE
    )
    receipt_kind = forms.ChoiceField(
        required=False, choices=((LETTER, ""), (E_RECEIPT, "")), initial=LETTER
    )
    receipt_name = forms.CharField(
        required=False, max_length=NAME_MAX, error_messages={"max_length": WORDS["bad-name"]}
    )
    receipt_code = forms.CharField(
        required=False, max_length=18, error_messages={"max_length": WORDS["bad-code"]}
    )
    receipt_mail = forms.CharField(
        required=False, max_length=MAIL_MAX, error_messages={"max_length": WORDS["bad-mail"]}
    )
    receipt_consent = forms.BooleanField(required=False)

    def __init__(self, *args: Any, issuer: str, **kwargs: Any) -> None:
        """Offer e-receipts where an issuer is named."""
        super().__init__(*args, **kwargs)
        self.issuer = issuer
        self.payer: Payer | None = None

    @property
    def is_open(self) -> bool:
        """Whether the part has to be shown open."""
        return bool(self.errors) or self["receipt"].value() not in {None, "", NONE}

    @property
    def kind(self) -> str:
        """What is asked for."""
        return self.cleaned_data.get("receipt_kind") or LETTER

    def clean(self) -> dict[str, Any]:
        """Find the payer; none where no receipt is wanted, whatever else was written."""
        cleaned = super().clean() or {}
        title = cleaned.get("receipt") or NONE
        if title == NONE:
            if "receipt" not in self.errors:
                self.errors.clear()
            return cleaned
        code = cleaned.get("receipt_code", "") if title == ORGANISATION else ""
        mail = cleaned.get("receipt_mail", "") if self.kind == E_RECEIPT else ""
        if self.kind == E_RECEIPT and not self.issuer:
            self.refuse("no-issuer")
        if not cleaned.get("receipt_consent"):
            self.refuse("no-consent")
        try:
            self.payer = check_payer(Payer(title, cleaned.get("receipt_name", ""), code, mail))
        except ReceiptRefusedError as error:
            self.refuse(error.code)
        return cleaned

    def refuse(self, code: str) -> None:
        """Say a refusal at the field that it is about."""
        field = FIELD_OF.get(code)
        if field is None or field not in self.errors:
            self.add_error(field, str(WORDS[code]))

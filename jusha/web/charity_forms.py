"""What a charity writes about itself at the desk: a certificate, a colleague, a partner."""

from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.charities.rules import ROLES
from jusha.people.models import UserAccount
from jusha.uploads.models import Upload
from jusha.uploads.rules import PAPERS
from jusha.web.join_form import DAY_FORMATS, NEEDED, NOT_A_DAY, text
from jusha.web.upload_words import keep_field

NO_FILE: Final = _("请上传文件的照片或 PDF。")
ROLE_WORDS: Final[dict[str, Promise]] = {
    "viewer": _("只看"),
    "programme": _("项目：写项目、进展，答复捐赠人"),
    "finance": _("财务：决定退款、支出、票据"),
}
assert tuple(ROLE_WORDS) == ROLES


def day() -> forms.DateField:
    """A day that has to be filled in."""
    said = {"invalid": NOT_A_DAY, "required": NOT_A_DAY}
    return forms.DateField(input_formats=DAY_FORMATS, error_messages=said)


def file() -> forms.FileField:
    """A file that has to be chosen; what it holds is judged when it is kept."""
    said = {"required": NO_FILE, "invalid": NO_FILE, "missing": NO_FILE}
    return forms.FileField(max_length=300, allow_empty_file=True, error_messages=said)


class FilesForm(forms.Form):
    """Keeps its files for a charity when all else is right."""

    papers: tuple[str, ...] = ()
    days = ("valid_from", "valid_until")

    def __init__(self, *args: Any, account: UserAccount, charity: str, **kwargs: Any) -> None:
        """Ask `account` for `charity`."""
        super().__init__(*args, **kwargs)
        self.account, self.charity = account, charity
        self.kept: dict[str, Upload] = {}

    def clean(self) -> dict[str, Any]:
        """Check the days, then keep the files."""
        cleaned = super().clean() or {}
        first, last = (cleaned.get(name) for name in self.days)
        if first and last and last < first:
            self.add_error(self.days[1], _("最后一天早于第一天。请核对。"))
        if self.errors:
            return cleaned
        for field in self.papers:
            made = keep_field(self, field, by=self.account.pk, charity=self.charity, kinds=PAPERS)
            if made is not None:
                self.kept[field] = made
        return cleaned


class CertificateForm(FilesForm):
    """A certificate as it was renewed."""

    papers = ("evidence",)
    certified = text(30)
    """The credit code on the certificate; the page shows the partner's beside it."""
    number = text(60)
    issuer = text(80)
    valid_from = day()
    valid_until = day()
    evidence = file()


class MemberForm(forms.Form):
    """Whom to invite, and what for."""

    address = forms.CharField(max_length=254, error_messages={"required": NEEDED})
    role = forms.ChoiceField(
        choices=[(each, each) for each in ROLES],
        error_messages={"required": _("请选一个职位。"), "invalid_choice": _("请选一个职位。")},
    )


class PartnerForm(FilesForm):
    """Who works with the charity under its name."""

    papers = ("evaluation", "agreement")
    days = ("partner_from", "partner_until")
    """Names of their own: the page shows the certificate's beside them."""
    name = text(120)
    uscc = text(30)
    partner_from = day()
    partner_until = day()
    evaluation = file()
    agreement = file()

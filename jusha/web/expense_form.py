"""The form by which a programme officer asks for an expense; each error stands at its field."""

import unicodedata
from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from jusha.projects.expense_rules import (
    PLACE_MAX,
    PURPOSE_MAX,
    SUPPLIER_MAX,
    UNITS_MAX,
    Asked,
    clean,
)
from jusha.web.forms import parse_yuan
from jusha.web.join_form import DAY_FORMATS, NOT_A_DAY
from jusha.web.spending_words import FAULTS as SAID
from jusha.web.spending_words import KINDS, LINE_NAMES

FAULTS: Final[dict[str, Any]] = {**SAID}
"""As the form's fields take them: words that are translated when they are shown."""


class ExpenseForm(forms.Form):
    """What was paid, out of which line, for what, where and when; the paper that proves it."""

    project = forms.ChoiceField(
        error_messages=dict.fromkeys(("required", "invalid_choice"), FAULTS["project"])
    )
    line = forms.ChoiceField(choices=[*LINE_NAMES.items()], initial="programme")
    own = forms.CharField(max_length=20, error_messages={"required": FAULTS["amount"]})
    what = forms.ChoiceField(choices=[*KINDS.items()])
    purpose = forms.CharField(
        max_length=PURPOSE_MAX, error_messages={"required": FAULTS["purpose"]}
    )
    place = forms.CharField(max_length=PLACE_MAX, error_messages={"required": FAULTS["place"]})
    supplier = forms.CharField(max_length=SUPPLIER_MAX, required=False)
    on = forms.DateField(
        input_formats=DAY_FORMATS, error_messages={"required": NOT_A_DAY, "invalid": NOT_A_DAY}
    )
    units = forms.IntegerField(
        required=False, min_value=0, max_value=UNITS_MAX,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), FAULTS["units"]),
    )  # fmt: skip
    evidence = forms.FileField(required=False)
    picture = forms.FileField(required=False)

    def __init__(self, *args: Any, projects: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        """Offer the charity's projects: (code, title)."""
        super().__init__(*args, **kwargs)
        self.offers = [*projects]
        self.fields["project"].choices = self.offers  # type: ignore[attr-defined]
        self.lines = [(code, str(name)) for code, name in LINE_NAMES.items()]
        self.kinds = [(code, str(name)) for code, name in KINDS.items()]

    def clean_own(self) -> int:
        """The amount in fen."""
        typed = unicodedata.normalize("NFKC", self.cleaned_data["own"]).strip(" ¥元,")
        amount = parse_yuan(typed)
        if not amount:
            raise forms.ValidationError(str(_("请写成 20 或 20.50 这样的金额。")))
        return amount

    def asked(self, *, pictures: tuple[str, ...]) -> Asked:
        """The request as it is proposed; call it when the form is valid."""
        said = self.cleaned_data
        return Asked(
            project=said["project"],
            line=said["line"],
            amount=said["own"],
            what=said["what"],
            purpose=clean(said["purpose"]),
            place=clean(said["place"]),
            supplier=clean(said["supplier"]),
            on=said["on"].isoformat(),
            units=said["units"] or 0,
            pictures=pictures,
        )

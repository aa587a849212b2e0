"""The form by which a charity says the figures of its whole year; each error at its field."""

import re
import unicodedata
from typing import Any, Final

from django import forms

from jusha.oversight.year_rules import REASON_MAX, Said
from jusha.web.join_form import DAY_FORMATS
from jusha.web.year_words import REFUSALS

YUAN: Final = re.compile(r"(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)
FIELDS: Final = {"year": "year", "day": "as_of", "income": "income", "reason": "reason"}
"""At which field a refusal stands; the others stand above the form."""


class YuanField(forms.CharField):
    """An amount in yuan, as fen."""

    def __init__(self) -> None:
        """Ask for it; an empty one is no amount."""
        super().__init__(max_length=20, error_messages={"required": REFUSALS["amount"]})

    def clean(self, value: Any) -> int:
        """The amount in fen. Raises ValidationError."""
        typed = unicodedata.normalize("NFKC", super().clean(value)).strip(" ¥元")
        found = YUAN.fullmatch(typed.replace(",", ""))
        if found is None:
            raise forms.ValidationError(str(REFUSALS["amount"]))
        return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


class YearForm(forms.Form):
    """Whose year, up to which day, and its sums."""

    charity = forms.ChoiceField()
    year = forms.IntegerField(
        error_messages=dict.fromkeys(("required", "invalid"), REFUSALS["year"])
    )
    as_of = forms.DateField(
        input_formats=DAY_FORMATS,
        error_messages=dict.fromkeys(("required", "invalid"), REFUSALS["day"]),
    )
    income = YuanField()
    mean_income = YuanField()
    spent = YuanField()
    admin = YuanField()
    reason = forms.CharField(
        max_length=REASON_MAX, required=False, error_messages={"max_length": REFUSALS["reason"]}
    )

    def __init__(self, *args: Any, charities: list[tuple[str, str]], **kwargs: Any) -> None:
        """Offer the person's charities: (code, name)."""
        super().__init__(*args, **kwargs)
        self.offers = charities
        self.fields["charity"].choices = charities  # type: ignore[attr-defined]

    def said(self) -> Said:
        """What the form says; call it when it is valid."""
        return Said(**{name: self.cleaned_data[name] for name in Said._fields})

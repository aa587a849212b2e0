"""The forms of companies: asking for a page, handing in a promise, funding a pool."""

import re
import unicodedata
from typing import Any, Final

from django import forms

from jusha.teams.company_rules import ABOUT_MAX, CODE_MAX, INTRO_MAX, TEXT_MAX
from jusha.web.company_words import CAPABILITIES, PURPOSES
from jusha.web.company_words import REFUSALS as SAID
from jusha.web.join_form import DAY_FORMATS, NOT_A_DAY

REFUSALS: Final[dict[str, Any]] = {**SAID}
YUAN: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?", re.ASCII)
"""A pledge may be of billions."""


def line(length: int, code: str) -> forms.CharField:
    """A text that has to be there; what is wrong with it is said in one way."""
    said = dict.fromkeys(("required", "max_length"), REFUSALS[code])
    return forms.CharField(max_length=length, error_messages=said)


def day() -> forms.DateField:
    """A day that has to be there."""
    said = dict.fromkeys(("required", "invalid"), NOT_A_DAY)
    return forms.DateField(input_formats=DAY_FORMATS, error_messages=said)


class ApplyForm(forms.Form):
    """What a company says of itself. Nothing is preselected."""

    name_zh = line(120, "name")
    name_en = forms.CharField(max_length=160, required=False)
    uscc = line(30, "uscc")
    code = line(CODE_MAX, "code")
    intro = line(INTRO_MAX, "intro")
    capabilities = forms.MultipleChoiceField(
        choices=[*CAPABILITIES.items()],
        error_messages=dict.fromkeys(("required", "invalid_choice"), REFUSALS["capabilities"]),
    )
    domain = forms.CharField(max_length=80, required=False)
    contact = line(80, "contact")
    registration = forms.FileField(
        error_messages=dict.fromkeys(("required", "empty"), REFUSALS["registration"])
    )


class MoneyForm(forms.Form):
    """A form with an amount in yuan, which may be large."""

    amount = line(20, "amount")

    def clean_amount(self) -> int:
        """The amount in fen, from what was typed: 20, 20.50, 99,990,000."""
        typed = unicodedata.normalize("NFKC", self.cleaned_data["amount"])
        found = YUAN.fullmatch(typed.strip(" ¥元").replace(",", ""))
        if found is None:
            raise forms.ValidationError(REFUSALS["amount"])
        return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


class PledgeForm(MoneyForm):
    """A promise as it was signed."""

    text = line(TEXT_MAX, "words")
    signed_on = day()
    due_on = day()
    file = forms.FileField(error_messages=dict.fromkeys(("required", "empty"), REFUSALS["file"]))


class PoolForm(MoneyForm):
    """Money for a pool, in a company's name."""

    company = line(CODE_MAX, "unknown")
    pool = line(40, "pool")
    campaign = line(40, "campaign")
    purpose = forms.ChoiceField(
        choices=[*PURPOSES.items()],
        error_messages=dict.fromkeys(("required", "invalid_choice"), REFUSALS["purpose"]),
    )
    about = line(ABOUT_MAX, "about")
    how = forms.ChoiceField(
        choices=[("secured", ""), ("trusted", "")],
        error_messages=dict.fromkeys(("required", "invalid_choice"), REFUSALS["purpose"]),
    )
    declared = forms.CharField(max_length=TEXT_MAX, required=False)

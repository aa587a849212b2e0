"""The forms by which a donor asks for money back, and staff for a donor."""

import unicodedata
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jusha.giving.refund_ask import REFERENCE_MAX
from jusha.giving.refund_queries import Money
from jusha.giving.refund_rules import DISPUTE_REASONS, REASONS, WORDS_MAX
from jusha.web import refund_words
from jusha.web.forms import parse_yuan

WHOLE: Final = "whole"
PART: Final = "part"
ALL_REASONS: Final = (*REASONS, *DISPUTE_REASONS)
NUMBER_WORDS: Final = gettext_lazy("请写下捐赠在公示账本上的条号，只写数字。")


class RefundForm(forms.Form):
    """How much, why, and what the donor wants to add; nothing is preselected but the whole."""

    part = forms.ChoiceField(choices=((WHOLE, ""), (PART, "")), initial=WHOLE)
    own = forms.CharField(required=False, max_length=16)
    reason = forms.ChoiceField(
        choices=[(each, each) for each in REASONS],
        error_messages={
            "required": refund_words.REFUSALS["bad-reason"],
            "invalid_choice": refund_words.REFUSALS["bad-reason"],
        },
    )
    words = forms.CharField(
        required=False,
        max_length=WORDS_MAX,
        error_messages={"max_length": refund_words.REFUSALS["words-too-long"]},
    )

    def __init__(self, *args: Any, money: Money, **kwargs: Any) -> None:
        """Ask about one deed."""
        super().__init__(*args, **kwargs)
        self.money = money
        self.reasons = [(each, refund_words.word(refund_words.REASONS, each)) for each in REASONS]

    def clean(self) -> dict[str, Any]:
        """Find the one amount, in the smallest unit."""
        cleaned = super().clean() or {}
        if cleaned.get("part") == WHOLE:
            return cleaned | {"amount": self.money.left}
        typed = unicodedata.normalize("NFKC", cleaned.get("own", "")).strip(" ¥元,")
        amount = parse_yuan(typed)
        if amount is None or amount <= 0:
            self.add_error("own", str(refund_words.REFUSALS["bad-amount"]))
        elif amount > self.money.left:
            self.add_error("own", str(refund_words.REFUSALS["too-much"]))
        return cleaned | {"amount": amount or 0}


class CaseForm(forms.Form):
    """A case that staff open for somebody else. An amount left empty is all that is left."""

    deed = forms.IntegerField(
        min_value=0, error_messages={"required": NUMBER_WORDS, "invalid": NUMBER_WORDS}
    )
    own = forms.CharField(required=False, max_length=16)
    reason = forms.ChoiceField(
        choices=[(each, each) for each in ALL_REASONS],
        error_messages={
            "required": refund_words.REFUSALS["bad-reason"],
            "invalid_choice": refund_words.REFUSALS["bad-reason"],
        },
    )
    reference = forms.CharField(required=False, max_length=REFERENCE_MAX)
    due_on = forms.DateField(
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": gettext_lazy("请写成 2026-12-01 这样的日期。")},
    )
    words = forms.CharField(required=False, max_length=WORDS_MAX)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reasons = [
            (each, refund_words.word(refund_words.REASONS, each)) for each in ALL_REASONS
        ]

    def clean(self) -> dict[str, Any]:
        """Find the amount; a dispute has the rail's own name of it and a day."""
        cleaned = super().clean() or {}
        typed = unicodedata.normalize("NFKC", cleaned.get("own", "")).strip(" ¥元,")
        amount = parse_yuan(typed) if typed else 0
        if amount is None or (typed and not amount):
            self.add_error("own", str(refund_words.REFUSALS["bad-amount"]))
        if cleaned.get("reason") in DISPUTE_REASONS:
            if not cleaned.get("reference", "").strip():
                self.add_error("reference", _("请写下支付渠道给的编号。"))
            if not cleaned.get("due_on") and "due_on" not in self.errors:
                self.add_error("due_on", _("请写下最晚哪天要答复。"))
        return cleaned | {"amount": amount or 0}

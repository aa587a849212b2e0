"""The form by which a team is opened; each error stands at its field."""

import unicodedata
from datetime import date, timedelta
from typing import Any, Final

from django import forms

from jusha.teams.rules import DAYS_MAX, FIGURE_MAX, STORY_MAX, TITLE_MAX
from jusha.web.forms import parse_yuan
from jusha.web.join_form import DAY_FORMATS
from jusha.web.team_words import KINDS
from jusha.web.team_words import REFUSALS as SAID

REFUSALS: Final[dict[str, Any]] = {**SAID}
"""As the form's fields take them: words that are translated when they are shown."""


class TeamForm(forms.Form):
    """What a captain says of a team. No amount is filled in, and no kind chosen."""

    kind = forms.ChoiceField(
        choices=[*KINDS.items()],
        error_messages=dict.fromkeys(("required", "invalid_choice"), REFUSALS["kind"]),
    )
    figure = forms.CharField(
        max_length=FIGURE_MAX, required=False, error_messages={"max_length": REFUSALS["figure"]}
    )
    title = forms.CharField(
        max_length=TITLE_MAX,
        error_messages=dict.fromkeys(("required", "max_length"), REFUSALS["title"]),
    )
    story = forms.CharField(
        max_length=STORY_MAX,
        error_messages=dict.fromkeys(("required", "max_length"), REFUSALS["story"]),
    )
    target = forms.CharField(
        max_length=16,
        error_messages=dict.fromkeys(("required", "max_length"), REFUSALS["target"]),
    )
    ends = forms.DateField(
        input_formats=DAY_FORMATS,
        error_messages=dict.fromkeys(("required", "invalid"), REFUSALS["ends"]),
    )
    company = forms.CharField(max_length=40, required=False)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        """Know the first and the last day that can be chosen."""
        super().__init__(*args, **kwargs)
        self.first, self.last = today + timedelta(days=1), today + timedelta(days=DAYS_MAX)

    def clean_target(self) -> int:
        """The target in fen."""
        typed = unicodedata.normalize("NFKC", self.cleaned_data["target"]).strip(" ¥元")
        found = parse_yuan(typed)
        if found is None:
            raise forms.ValidationError(REFUSALS["target"])
        return found

    def said(self) -> dict[str, Any]:
        """What open_team takes of it; call it when the form is valid."""
        told = self.cleaned_data
        return {
            "kind": told["kind"], "title": told["title"], "story": told["story"],
            "figure": told["figure"], "target": told["target"], "ends_on": told["ends"],
            "company": told["company"],
        }  # fmt: skip

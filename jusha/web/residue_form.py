"""The form by which finance says where residue went; each error stands at its field."""

from typing import Any, Final

from django import forms

from jusha.giving.residue_rules import AUTHORITY_MAX, DOCUMENT_MAX, REFERENCE_MAX, Said, Share
from jusha.web.join_form import DAY_FORMATS, NOT_A_DAY
from jusha.web.residue_words import REFUSALS as SAID

REFUSALS: Final[dict[str, Any]] = {**SAID}
"""As the form's fields take them: words that are translated when they are shown."""


class ResidueForm(forms.Form):
    """Whose residue of which campaign, by which document, to whom, by which transfer."""

    which = forms.ChoiceField(
        error_messages=dict.fromkeys(("required", "invalid_choice"), REFUSALS["nothing"])
    )
    authority = forms.CharField(
        max_length=AUTHORITY_MAX, error_messages={"required": REFUSALS["authority"]}
    )
    document = forms.CharField(
        max_length=DOCUMENT_MAX, error_messages={"required": REFUSALS["document"]}
    )
    document_on = forms.DateField(
        input_formats=DAY_FORMATS, error_messages={"required": NOT_A_DAY, "invalid": NOT_A_DAY}
    )
    receiver = forms.CharField(max_length=40, error_messages={"required": REFUSALS["no-charity"]})
    reference = forms.CharField(
        max_length=REFERENCE_MAX, error_messages={"required": REFUSALS["reference"]}
    )
    paid_on = forms.DateField(
        input_formats=DAY_FORMATS, error_messages={"required": NOT_A_DAY, "invalid": NOT_A_DAY}
    )
    paper = forms.FileField(required=False)

    def __init__(self, *args: Any, shares: list[tuple[str, Share]], **kwargs: Any) -> None:
        """Offer what could not go back: (campaign, share)."""
        super().__init__(*args, **kwargs)
        self.shares = {_key(campaign, share): (campaign, share) for campaign, share in shares}
        choices = [(key, key) for key in self.shares]
        self.fields["which"].choices = choices  # type: ignore[attr-defined]

    def chosen(self) -> tuple[str, Share]:
        """The campaign and the share; call it when the form is valid."""
        return self.shares[self.cleaned_data["which"]]

    def said(self) -> Said:
        """What finance says; call it when the form is valid."""
        fields = self.cleaned_data
        return Said(**{name: fields[name] for name in Said._fields})


def _key(campaign: str, share: Share) -> str:
    return f"{campaign}/{share.charity}/{share.asset}"

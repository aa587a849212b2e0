"""The form by which an operator writes a campaign's page. Times are of Shanghai."""

from datetime import datetime
from typing import Any, Final

from django import forms
from django.utils.timezone import localtime, make_aware

from jusha.campaigns.day_rules import DayRefusedError, Page
from jusha.campaigns.edit_day import page_of
from jusha.campaigns.models import Campaign

MINUTE: Final = "%Y-%m-%dT%H:%M"
WORDS: Final = (
    "code", "title_zh", "title_en", "theme_zh", "theme_en", "story_zh", "story_en", "colour",
    "anchor", "predecessor",
)  # fmt: skip


def typed_of(found: Campaign) -> dict[str, Any]:
    """A campaign's page as a browser would send it."""
    page = page_of(found)
    return {name: getattr(page, name) for name in WORDS} | {
        "opens": _local(page.opens),
        "closes": _local(page.closes),
        "is_rehearsal": page.is_rehearsal,
    }


def _local(at: datetime | None) -> str:
    return localtime(at).strftime(MINUTE) if at else ""


class DayForm(forms.Form):
    """Shapes alone: what the words must hold is campaigns/day_rules.py's to say."""

    opens = forms.DateTimeField(required=False, input_formats=[MINUTE, "%Y-%m-%d %H:%M"])
    closes = forms.DateTimeField(required=False, input_formats=[MINUTE, "%Y-%m-%d %H:%M"])
    is_rehearsal = forms.BooleanField(required=False)

    def __init__(self, data: Any, *, parent: str = "", code: str = "") -> None:
        """Read what was typed; a code that stands is not typed again."""
        super().__init__(data)
        self.parent, self.code = parent, code

    def page(self) -> Page:
        """The page as it was typed. Raises DayRefusedError("window") for times that are none."""
        if not self.is_valid():
            raise DayRefusedError("window")
        said = {name: str(self.data.get(name, "")) for name in WORDS}
        told: dict[str, Any] = said | {
            "parent": self.parent,
            "opens": aware(self.cleaned_data["opens"]),
            "closes": aware(self.cleaned_data["closes"]),
            "is_rehearsal": self.cleaned_data["is_rehearsal"],
        }
        return Page(**(told | ({"code": self.code} if self.code else {})))


def aware(at: datetime | None) -> datetime | None:
    """A time as it was typed, of Shanghai."""
    return at if at is None or at.tzinfo is not None else make_aware(at)

"""The form by which anybody reports what seems wrong; and what its page's address may be."""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from django import forms
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jusha.oversight.rules import ABOUT_MAX, KINDS, WORDS_MAX, ComplaintRefusedError
from jusha.oversight.words import read_contact_text
from jusha.teams import company_queries as companies
from jusha.teams import queries as teams
from jusha.tlog import queries as tlog
from jusha.web import complaint_words, reference
from jusha.web.titles import told

PATH: Final = re.compile(r"/[A-Za-z0-9/._-]{0,199}", re.ASCII)
ABOUT: Final = frozenset(
    {"home", "project", "donate", "campaign", "prepare", "charity", "deed", "rule", "log", "find"}
    | {"team", "company"}
)
"""Pages whose address may stand in a complaint: public ones. What leads to one person's own (an
order, a prepared gift, a complaint) is never handed on, not even to this form."""


class Subject(NamedTuple):
    """What a complaint is about: the page's path, its name, and whose matter it is."""

    path: str
    title: str
    project: str
    charity: str


def may_be_about(view: str) -> bool:
    """Whether a page of this view may be named in a complaint."""
    return view in ABOUT


def subject_of(path: str) -> Subject:
    """What a path on this site is about; the platform as a whole for what is no public page."""
    return _named(path) or Subject("/", _("这个平台"), "", "")


def _named(path: str) -> Subject | None:
    if not PATH.fullmatch(path) or len(path) > ABOUT_MAX:
        return None
    try:
        found = resolve(path)
    except Resolver404:
        return None
    view, code = found.url_name or "", str(found.kwargs.get("code", ""))
    if view == "deed":
        return _deed(path, int(found.kwargs["number"]))
    if (named := NAMED.get(view)) is not None:
        return named(path, code)
    return Subject(path, path, "", "") if may_be_about(view) and path != "/" else None


def _charity(path: str, code: str) -> Subject | None:
    found = reference.charity(code)
    return Subject(path, told(found, "name"), "", found.code) if found else None


def _campaign(path: str, code: str) -> Subject | None:
    found = reference.campaign(code)
    return Subject(path, told(found, "title"), "", "") if found else None


def _project(path: str, code: str) -> Subject | None:
    found = reference.project(code)
    if found is None:
        return None
    return Subject(path, told(found, "title"), found.code, found.charity.code)


def _team(path: str, code: str) -> Subject | None:
    """A team is its captain's, not the charity's: the platform's reviewers look at it."""
    found = teams.find(code)
    return Subject(path, found.title or code, "", "") if found else None


def _company(path: str, code: str) -> Subject | None:
    found = companies.shown_name(code)
    return Subject(path, found, "", "") if found else None


def _deed(path: str, number: int) -> Subject | None:
    entry = tlog.entry(number)
    if entry is None:
        return None
    title = _("公示账本第 %(number)d 条") % {"number": number}
    project = _project(path, str(entry["prj"])) if "prj" in entry else None
    return (
        Subject(path, title, project.project, project.charity)
        if project
        else Subject(path, title, "", str(entry.get("org", "")))
    )


NAMED: Final[dict[str, Callable[[str, str], Subject | None]]] = {
    "project": _project,
    "donate": _project,
    "charity": _charity,
    "campaign": _campaign,
    "prepare": _campaign,
    "team": _team,
    "company": _company,
}
"""Pages that are about something with a name of its own, by view."""


class ComplaintForm(forms.Form):
    """What kind of trouble, in whose words, and how the reporter is reached, if they want."""

    kind = forms.ChoiceField(
        choices=[(each, each) for each in KINDS],
        error_messages={
            "required": complaint_words.REFUSALS["bad-kind"],
            "invalid_choice": complaint_words.REFUSALS["bad-kind"],
        },
    )
    words = forms.CharField(
        max_length=WORDS_MAX,
        error_messages={
            "required": complaint_words.REFUSALS["no-words"],
            "max_length": gettext_lazy("请写在 1000 字以内。"),
        },
    )
    contact = forms.CharField(required=False, max_length=120)
    answer = forms.CharField(required=False, max_length=8)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = [(each, complaint_words.word(complaint_words.KINDS, each)) for each in KINDS]

    def clean_contact(self) -> str:
        """The contact in its one spelling."""
        try:
            return read_contact_text(self.cleaned_data["contact"])
        except ComplaintRefusedError as error:
            text = complaint_words.word(complaint_words.REFUSALS, error.code)
            raise forms.ValidationError(text) from error

    def needs_answer(self) -> None:
        """Say that a question has to be answered first."""
        self.add_error("answer", _("请先回答下面的问题，我们要确认您不是程序。"))

    def must_wait(self) -> None:
        """Say that too many came, and what to do."""
        self.add_error(
            None, _("短时间内从这里来的举报太多了。请过十分钟再试，或者打电话给民政部门。")
        )


def report_address(view: str, path: str) -> str:
    """The address of the form for the page at a path."""
    address = reverse("report")
    return f"{address}?about={path}" if may_be_about(view) and PATH.fullmatch(path) else address

"""Names of the codes that a page shows, each kind asked for once."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from jusha.campaigns import queries as campaigns
from jusha.charities import queries as charities
from jusha.projects import queries as projects
from jusha.web import reference
from jusha.web.language import in_words


def told(thing: object, field: str) -> str:
    """One field of a page's row, in the reader's language (hant.py: what is Traditional)."""
    return in_words(str(getattr(thing, f"{field}_zh")), str(getattr(thing, f"{field}_en")))


def told_beside() -> dict[str, str]:
    """The names that beside mode's settings give; pages of projects are not written there."""
    facts = settings.JUSHA_MODE_FACTS
    if settings.JUSHA_MODE != "beside" or facts is None:
        return {}
    names = {f"org/{facts.charity}": (facts.name, facts.name_en)}
    names |= {f"prj/{code}": (zh, en) for code, zh, en in facts.projects}
    return {key: in_words(zh, en or zh) for key, (zh, en) in names.items() if zh}


def held_titles_of(entries: Iterable[dict[str, Any]]) -> dict[str, str]:
    """As `titles_of`, of a few entries, by what is held."""
    names: dict[str, str] = {}
    for entry in entries:
        if (charity := reference.charity(entry["org"]) if "org" in entry else None) is not None:
            names[f"org/{charity.code}"] = told(charity, "name")
        if (campaign := reference.campaign(entry["rd"]) if "rd" in entry else None) is not None:
            names[f"rd/{campaign.code}"] = told(campaign, "title")
        if (project := reference.project(entry["prj"]) if "prj" in entry else None) is not None:
            names[f"prj/{project.code}"] = told(project, "title")
    return names | told_beside()


def titles_of(entries: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Names of the projects, campaigns and charities in log entries, in at most three queries.

    Keyed by the entry's field and the code (prj/shan-books), because a project and a
    campaign may have the same code. What has no page is left out.
    """
    codes: dict[str, set[str]] = {"prj": set(), "rd": set(), "org": set()}
    for entry in entries:
        for key, found in codes.items():
            if key in entry:
                found.add(entry[key])
    names: dict[str, str] = {}
    if codes["org"]:
        names |= {f"org/{c}": told(x, "name") for c, x in charities.named(codes["org"]).items()}
    if codes["rd"]:
        names |= {f"rd/{c}": told(x, "title") for c, x in campaigns.named(codes["rd"]).items()}
    if codes["prj"]:
        names |= {f"prj/{c}": told(x, "title") for c, x in projects.named(codes["prj"]).items()}
    return names | told_beside()

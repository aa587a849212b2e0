"""Entries of the log as lines that people read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jusha.projects.models import Project
from jusha.web.titles import titles_of, told
from jusha.web.words import about, kind_name

Row = tuple[dict[str, Any], str, str]
"""An entry, what its kind is called, and what it is about."""


def rows(
    entries: Sequence[dict[str, Any]],
    *,
    projects: Mapping[str, Project] | None = None,
    titles_by: Callable[[Iterable[dict[str, Any]]], dict[str, str]] = titles_of,
) -> list[Row]:
    """Put words to entries. Projects that the caller has at hand are not asked for again."""
    known = projects or {}
    titles = {f"prj/{code}": told(project, "title") for code, project in known.items()}
    titles |= titles_by(_unnamed(entries, titles))
    return [(entry, kind_name(entry["k"]), about(entry, titles)) for entry in entries]


def _unnamed(entries: Iterable[dict[str, Any]], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The entries whose line needs a name that is not known; a gift's names its project alone."""
    return [e for e in entries if e["k"] != "don" or f"prj/{e.get('prj')}" not in titles]

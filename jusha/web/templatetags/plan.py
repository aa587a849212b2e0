"""A published plan in templates: its texts under their labels, kinds of cost in words."""

from typing import Any

from django import template
from django.utils.translation import gettext as _

from jusha.projects.plan_rules import TEXTS
from jusha.web.plan_words import BASES, KINDS, LABELS, LEFTOVERS, word
from jusha.web.theme_words import theme_name

register = template.Library()
ON_THE_PAGE = frozenset({"title", "summary", "story", "place"})
"""What the project's page tells by itself."""


@register.filter
def plan_texts(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Labels and texts of a plan, without what the page tells anyway."""
    texts = content["texts"]
    theme = content.get("theme", "")
    told = [(word(LABELS, "theme"), theme_name(theme))] if theme else []
    if content.get("hard_target"):
        told.append((word(LABELS, "hard_target"), _("筹满即止，一分不超")))
    told += [(word(LABELS, name), texts[name]) for name in TEXTS if name not in ON_THE_PAGE]
    related = texts.get("related", "")
    return [*told, (word(LABELS, "related"), related)] if related else told


@register.filter
def field_of_work(theme: str) -> str:
    """A field of work in words."""
    return theme_name(theme)


@register.filter
def cost_kind(kind: str) -> str:
    """A kind of cost in words."""
    return word(KINDS, kind)


@register.filter
def plan_basis(basis: str) -> str:
    """By what a plan was changed, in words."""
    return word(BASES, basis)


@register.filter
def leftover(code: str) -> str:
    """Where what is left of a project goes, in words."""
    return word(LEFTOVERS, code)

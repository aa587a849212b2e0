"""Tags and filters of the pages."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from jusha.matching.rules import RuleTerms
from jusha.money.assets import ASSETS_BY_NUMBER
from jusha.money.clock import minute_seconds
from jusha.web import (
    drawings,
    grains,
    line,
    outcome,
    reference,
    rule_words,
    sheet,
    spending_words,
    words,
)
from jusha.web.assets import asset as find_asset
from jusha.web.derivation import Told
from jusha.web.language import in_words
from jusha.web.proof import Standing
from jusha.web.titles import told as told_of

register = template.Library()
HEAP_GRAINS = 240


@register.simple_tag
def asset(name: str) -> str:
    """The address of an asset, with the digest of its bytes."""
    found = find_asset(f"{name}")  # what a template wrote is marked safe; a path wants plain text
    assert found is not None, f"no asset {name}"
    return reverse("asset", args=(found.digest, name))


@register.filter
def told(thing: object, field: str) -> str:
    """A field in the reader's language: {{ project|told:"title" }}."""
    return told_of(thing, field)


@register.filter
def written(text: str) -> str:
    """What somebody wrote in one language, in the characters of the reader."""
    return in_words(text, text)


@register.filter
def charity_name(code: str) -> str:
    """The name of the charity with this code, by what is held; the code where it has no page."""
    found = reference.charity(code)
    return told_of(found, "name") if found else code


@register.simple_tag
def amount(value: int, cur: str = "CNY", *, short: bool = False) -> SafeString:
    """An amount in fen: sign small, yuan large, fen small. `short` leaves .00 away."""
    return sheet.amount(value, cur, short=short)


@register.simple_tag
def stamp(*, proven: bool) -> SafeString:
    """A seal's stamp: Chinese in every language, and never read aloud."""
    return sheet.stamp(proven=proven)


@register.filter
def money(value: int) -> str:
    """An amount in fen inside a sentence."""
    return words.money(value)


@register.filter
def yuan_short(value: int) -> str:
    """Fen in so few letters that a tile holds them, rounded down: 860, 1.2万, 3,400万."""
    return words.yuan_short(value)


@register.filter
def rule_brief(terms: RuleTerms) -> str:
    """A rule version as a donor is told it before giving."""
    return rule_words.rule_brief(terms)


@register.filter
def rule_text(terms: RuleTerms) -> str:
    """A rule version as sentences."""
    return rule_words.rule_sentence(terms)


@register.filter
def count(value: int) -> str:
    """A whole number with its thousands apart."""
    return f"{value:,}"


@register.filter
def asset_code(number: int) -> str:
    """The code of an asset's number."""
    return ASSETS_BY_NUMBER[number].code


@register.filter
def minute(text: str) -> datetime:
    """A leaf's minute (2026-09-09T01:12Z) as a time, for the date filter."""
    return datetime.fromtimestamp(minute_seconds(text), UTC)


@register.filter
def clock(minute_of_day: int) -> str:
    """A minute of the day as 09:00."""
    return words.day_minute(minute_of_day)


@register.filter
def permille(value: int) -> str:
    """A share per mille as a number of percent."""
    return outcome.cut_text(value)


@register.filter
def grouped(text: str) -> str:
    """A hash in groups of eight, so that eyes can compare it."""
    return sheet.grouped(text)


@register.simple_tag
def seal(proof: Standing) -> SafeString:
    """Whether an entry is in the published log, as a seal."""
    return sheet.seal(proof)


@register.simple_tag
def whys(told: Iterable[Told], *, whole: bool) -> SafeString:
    """What each rule made of a gift, one line that opens; `whole`: its bounds were added up."""
    return sheet.whys(told, whole=whole)


@register.simple_tag
def quiet_rules(quiet: Sequence[Told]) -> SafeString:
    """The rules that did not concern a gift, behind one line."""
    return sheet.quiet_rules(quiet)


@register.simple_tag
def copy(text: str, words: str | None = None) -> SafeString:
    """A button that copies `text`, an entry's address by default; it appears where scripts run."""
    return sheet.copy(text, words)


@register.inclusion_tag("web/parts/heap.html")
def heap(progress: outcome.Progress, *, name: str, with_note: bool = False) -> dict[str, Any]:
    """A heap of sand that grows inside the outline of the one hoped for.

    `with_note` says beneath it what a grain is worth; the text alternative always does.
    """
    whole = max(progress.target, progress.together, 1)
    one = grains.grain_amount(whole, HEAP_GRAINS)
    size = -(-whole // one)
    given, both = progress.given // one, progress.together // one
    return {
        "field": grains.heap(size),
        "one": one,
        "name": name,
        "with_note": with_note,
        "progress": progress,
        "drawn": drawings.heap(size, min(given, size), min(both, size)),
    }


@register.inclusion_tag("web/parts/tower.html")
def tower(deeds: int, *, of_campaign: bool = False) -> dict[str, Any]:
    """Deeds of today, or of a campaign, as sand that becomes a tower, the newest in cinnabar."""
    field = grains.tower()
    one = grains.grain_amount(max(deeds, 1), len(field.places))
    return {
        "field": field,
        "one": one,
        "deeds": deeds,
        "of_campaign": of_campaign,
        "drawn": drawings.tower(min(deeds // one, len(field.places))),
    }


@register.inclusion_tag("web/parts/gauge.html")
def gauge(pool: Any) -> dict[str, Any]:
    """A pool: what was promised and what can still be, and today's window."""
    whole = max(pool.paid_in, 1)
    budget = max(pool.budget_today, 1)
    return {
        "pool": pool,
        "promised_length": pool.promised * line.WIDTH // whole,
        "returned_length": pool.returned * line.WIDTH // whole,
        "used_length": min(pool.used_today, budget) * line.WIDTH // budget,
    }


@register.inclusion_tag("web/parts/day.html")
def day(rule: Any, at: datetime) -> dict[str, Any]:
    """The Shanghai day as 1440 minutes: the rule's window, what of it is past, and now."""
    window = rule.terms.window
    now = minute_of_day(at)
    length = window.to_minute - window.from_minute
    return {
        "from_minute": window.from_minute,
        "to_minute": window.to_minute,
        "length": length,
        "past": min(max(now - window.from_minute, 0), length),
        "now": now,
    }


def minute_of_day(at: datetime) -> int:
    """The minute of the Shanghai day."""
    return (int(at.timestamp()) + 8 * 3600) % 86_400 // 60


@register.simple_tag
def money_line(shown: line.Bands, permille_running: int | None = None) -> SafeString:
    """The two bands of a money line, a gift's part of them in cinnabar."""
    return sheet.money_line(shown, permille_running)


@register.filter
def as_bands(found: Any) -> line.Bands:
    """A project's money line, refunds taken out, as a drawing."""
    programme, running = found.programme, found.running
    return line.bands(programme.net, running.net, programme.spent, running.spent)


@register.filter
def spent_on(code: str) -> str:
    """A kind of cost in words."""
    return spending_words.what_kind(code)


@register.filter
def line_name(number: int) -> str:
    """A money line by its number."""
    return str(spending_words.NAME_OF.get(number, ""))

"""A campaign's daily sums beside what was published, with every difference shown.

The report names no causes: it prints numbers, and the notes that a person wrote for it,
marked as such. Money is in yuan, written from fen without rounding.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import psycopg

from jusha.giving.gift_maps import GiftMap
from jusha.giving.gift_rows import Gift, GiftReader
from jusha.giving.published_tables import PublishedDay, steps
from jusha.matching.rules import BY
from jusha.money.clock import day_number, day_text, local_day
from jusha.payments.bills.records import FileRefusedError, Rejected

SQL: Final = Path(__file__).parent / "sql"
DAYS_SQL: Final = (SQL / "campaign_days.sql").read_text()
FACTS_SQL: Final = (SQL / "campaign_facts.sql").read_text()
BOUNDS_SQL: Final = (SQL / "campaign_bounds.sql").read_text()
MOVED_SHOWN_MAX: Final = 50
NONE: Final = "—"


class CampaignUnknownError(Exception):
    """Settlement knows no campaign of this code."""


class Day(NamedTuple):
    """One Shanghai day of a campaign; amounts in fen."""

    day: int
    gifts: int
    fen: int
    matched_gifts: int
    matched: int
    refunded: int


class Bound(NamedTuple):
    """Matches of one rule version that one bound decided."""

    pool: str
    sponsor: str
    rule: str
    by: str
    matches: int
    fen: int


class CampaignDays(NamedTuple):
    """All that the report says about a campaign from the database."""

    code: str
    opens: str
    closes: str
    days: list[Day]
    bounds: list[Bound]
    held: int
    held_fen: int
    cases: int
    stuck: int
    other_assets: int
    log_size: int
    log_chain: str


class Moved(NamedTuple):
    """A gift whose own time lies on another Shanghai day than the file says."""

    line: int
    label: str
    at_s: int
    fen: int


class Labelled(NamedTuple):
    """A file's gifts by the file's own day: label -> (gifts, fen), and those that moved."""

    column: str
    labels: dict[str, tuple[int, int]]
    moved: list[Moved]
    rejected: int


def campaign_days(connection: psycopg.Connection[Any], *, code: str) -> CampaignDays:
    """Read a campaign's days. Raises CampaignUnknownError.

    Reads: the tables that campaign_days.sql, campaign_facts.sql and campaign_bounds.sql
    declare. Writes nothing.
    """
    facts = connection.execute(FACTS_SQL, {"code": code}).fetchone()
    if facts is None:
        raise CampaignUnknownError(f"there is no campaign {code}")
    campaign, opens, closes, *counts, size, chain = facts
    held, held_fen, cases, stuck, other_assets = counts
    named = {"campaign": campaign}
    days = [Day(day_number(day), *numbers) for day, *numbers in connection.execute(DAYS_SQL, named)]
    bounds = [
        Bound(pool, sponsor, rule, BY[by], matches, fen)
        for pool, sponsor, rule, by, matches, fen in connection.execute(BOUNDS_SQL, named)
    ]
    return CampaignDays(
        code=code,
        opens=opens,
        closes=closes,
        days=days,
        bounds=bounds,
        held=held,
        held_fen=held_fen,
        cases=cases,
        stuck=stuck,
        other_assets=other_assets,
        log_size=size,
        log_chain=chain or "",
    )


def labelled_days(file: BinaryIO, *, given: GiftMap, day_column: str, now: datetime) -> Labelled:
    """Sum a file's gifts by its own day column (2020-01-24). Raises FileRefusedError."""
    reader = GiftReader(file, given, now_s=int(now.timestamp()), projects=None)
    if day_column not in reader.header:
        raise FileRefusedError(
            f"文件没有 {day_column} 这一列。文件的列是：{'、'.join(reader.header)}",
            f"the file has no column {day_column}; its columns: {', '.join(reader.header)}",
        )
    place = reader.header.index(day_column)
    labels: dict[str, tuple[int, int]] = {}
    moved = []
    rejected = 0
    for cells, found in reader.with_cells():
        if not isinstance(found, Gift):
            rejected += isinstance(found, Rejected)
            continue
        label = cells[place].strip()
        gifts, fen = labels.get(label, (0, 0))
        labels[label] = (gifts + 1, fen + found.amount)
        if day_text(local_day(found.at_s)) != label:
            moved.append(Moved(found.line, label, found.at_s, found.amount))
    return Labelled(day_column, labels, moved, rejected)


def render(
    campaign: CampaignDays,
    *,
    now: datetime,
    notes: str = "",
    published: list[PublishedDay] | None = None,
    published_name: str = "",
    shifts: tuple[int, ...] = (0,),
    labelled: Labelled | None = None,
) -> str:
    """Write the report as Markdown; `shifts` compare our day d with the table's d + shift."""
    parts = [_head(campaign, now), notes.strip(), _own(campaign), _state(campaign)]
    if labelled is not None:
        parts.append(_labels(campaign, labelled))
    if published is not None:
        parts.append(_table_itself(published, published_name))
        parts += [_beside(campaign, published, shift) for shift in shifts]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(campaign: CampaignDays, now: datetime) -> str:
    return (
        f"# {campaign.code}: gifts by Shanghai day\n\n"
        f"Written by `jusha report days` on {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC from the"
        f" first {campaign.log_size:,} log entries (settlement's chain"
        f" `{campaign.log_chain[:16]}…`). The campaign runs from {campaign.opens} to"
        f" {campaign.closes} (UTC). A gift belongs to the Shanghai day of its own time."
        " Amounts are in yuan."
    )


def _own(campaign: CampaignDays) -> str:
    rows = []
    for d in campaign.days:
        match = n(d.matched_gifts), yuan(d.matched)
        rows.append((day_text(d.day), n(d.gifts), yuan(d.fen), *match, yuan(d.refunded)))
    total = [sum(column) for column in zip(*(d[1:] for d in campaign.days), strict=True)]
    if total:
        gifts, fen, matched_gifts, matched, refunded = total
        last = (n(gifts), yuan(fen), n(matched_gifts), yuan(matched), yuan(refunded))
        rows.append(("**all**", *last))
    text = "## As settled\n\n" + table(
        ("day", "gifts", "sum", "gifts matched", "match", "refunded since"), rows
    )
    if not campaign.bounds:
        return text
    bounds = [(b.pool, b.sponsor, b.rule, b.by, n(b.matches), yuan(b.fen)) for b in campaign.bounds]
    return f"{text}\n\nMatches by the bound that decided them:\n\n" + table(
        ("pool", "sponsor", "rule", "by", "matches", "sum"), bounds, text_columns=4
    )


def _state(campaign: CampaignDays) -> str:
    return (
        f"Held in suspense in these channels: {campaign.held:,} deeds,"
        f" {yuan(campaign.held_fen)} yuan. Cases: {campaign.cases:,}. Stuck envelopes in the"
        f" whole installation: {campaign.stuck:,}. Gifts in other money, not in the table:"
        f" {campaign.other_assets:,}."
    )


def _labels(campaign: CampaignDays, labelled: Labelled) -> str:
    own = {day_text(d.day): d for d in campaign.days}
    rows = []
    for label in sorted({*own, *labelled.labels}):
        gifts, fen = labelled.labels.get(label, (0, 0))
        ours = own.get(label)
        our_gifts, our_fen = (ours.gifts, ours.fen) if ours else (0, 0)
        counts = n(our_gifts), n(gifts), signed(our_gifts - gifts, n)
        sums = yuan(our_fen), yuan(fen), signed(our_fen - fen, yuan)
        rows.append((label, *counts, *sums))
    head = ("day", "gifts", f"by `{labelled.column}`", "difference")
    text = (
        f"## Beside the file's own column `{labelled.column}`\n\n"
        + table((*head, "sum", f"by `{labelled.column}`", "difference"), rows)
        + f"\n\n{len(labelled.moved):,} rows carry another day in `{labelled.column}` than their"
        f" own time says; {labelled.rejected:,} rows of the file were not readable as gifts."
    )
    if labelled.moved:
        shown = labelled.moved[:MOVED_SHOWN_MAX]
        moved = [(n(m.line), m.label, shanghai(m.at_s), yuan(m.fen)) for m in shown]
        text += "\n\n" + table(("line", labelled.column, "own time, Shanghai", "amount"), moved)
    if len(labelled.moved) > MOVED_SHOWN_MAX:
        text += f"\n\nand {len(labelled.moved) - MOVED_SHOWN_MAX:,} more."
    return text


def _table_itself(published: list[PublishedDay], name: str) -> str:
    """The published table checked against itself: the day's sum and the cumulative's step."""
    rose = steps(published)
    rows = []
    for line in published:
        step = rose.get(line.day)
        gap = line.sum.value - step if line.sum.value is not None and step is not None else None
        texts = [cell.text or NONE for cell in (line.count, line.sum, line.cumulative)]
        derived = [NONE if step is None else yuan(step), NONE if gap is None else signed(gap, yuan)]
        rows.append((day_text(line.day), *texts, *derived))
    return (
        f"## The published table by itself\n\n`{name}`, as published. *Step* is how far its"
        " cumulative sum rose since the line before; *gap* is its day's sum less that step.\n\n"
        + table(("label", "count", "day's sum", "cumulative", "step", "gap"), rows)
    )


def _beside(campaign: CampaignDays, published: list[PublishedDay], shift: int) -> str:
    """Our day d beside the table's day d + shift: every number and every difference."""
    own = {d.day: d for d in campaign.days}
    lines = {line.day - shift: line for line in published}
    rose = {day - shift: step for day, step in steps(published).items()}
    rows = []
    for day in sorted({*own, *lines}):
        ours = own.get(day)
        line = lines.get(day)
        gifts, fen = (ours.gifts, ours.fen) if ours else (0, 0)
        count = line.count.value if line else None
        total = line.sum.value if line else None
        counts = n(gifts) if ours else NONE, *_difference(gifts, count, n)
        sums = yuan(fen) if ours else NONE, *_difference(fen, total, yuan)
        label = day_text(day + shift) if line else NONE
        rows.append((day_text(day), label, *counts, *sums, *_difference(fen, rose.get(day), yuan)))
    what = "same day" if shift == 0 else f"table's label {shift:+d} day"
    head = ("our day", "label", "gifts", "published", "difference")
    return (
        f"## Beside the published table: {what}\n\nDifferences are ours less theirs; {NONE} where"
        " one side has no number. A day without a number of ours had no gift in the log.\n\n"
        + table(
            (*head, "sum", "published day", "difference", "published step", "difference"),
            rows,
            text_columns=2,
        )
    )


def _difference(ours: int, theirs: int | None, write: Any) -> Iterator[str]:
    yield NONE if theirs is None else write(theirs)
    yield NONE if theirs is None else signed(ours - theirs, write)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, text_columns: int = 1) -> str:
    """Write a Markdown table; columns behind the first `text_columns` are set to the right."""
    rule = ["---"] * text_columns + ["---:"] * (len(head) - text_columns)
    lines = [head, tuple(rule), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def n(number: int) -> str:
    """Write a count: 125,134."""
    return f"{number:,}"


def yuan(fen: int) -> str:
    """Write fen as yuan: 14,744,171.32."""
    whole, part = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{part:02d}"


def signed(number: int, write: Any) -> str:
    """Write a difference with its sign; 0 as it is."""
    return f"+{write(number)}" if number > 0 else str(write(number))


def shanghai(at_s: int) -> str:
    """Write a Unix time as Shanghai saw it, to the second."""
    return datetime.fromtimestamp(at_s + 8 * 3600, UTC).strftime("%Y-%m-%d %H:%M:%S")

"""A project's money from one entry of the log to another: the finance part of a report. Pure.

Opening + gifts + matches released + put in by the charity - refunds - matches taken back - spent
= closing, to the fen. The sums come from two tables that are kept apart; where they disagree there
is no statement.
"""

from typing import Any, Final, NamedTuple


class StatementError(Exception):
    """The sums do not agree with the books, or ran backwards; the text has both sides, in fen."""


class Sums(NamedTuple):
    """All that ever moved in a project's fund up to an entry of the log, in fen.

    `credits` and `debits` are the fund account's own; the others come from elsewhere.
    """

    entry: int
    credits: int
    debits: int
    gifts: int
    matches: int
    covered: int
    refunds: int
    taken_back: int
    programme: int
    running: int


class Statement(NamedTuple):
    """The money of the entries behind `after` up to `upto`, in fen."""

    after: int
    upto: int
    opening: int
    gifts: int
    matches: int
    covered: int
    refunds: int
    taken_back: int
    programme: int
    running: int
    closing: int

    @property
    def income(self) -> int:
        """All that came in."""
        return self.gifts + self.matches + self.covered

    @property
    def outgo(self) -> int:
        """All that went out."""
        return self.refunds + self.taken_back + self.programme + self.running


NOTHING: Final = Sums(*[0] * len(Sums._fields))
MOVED: Final = ("gifts", "matches", "covered", "refunds", "taken_back", "programme", "running")


def statement(before: Sums, now: Sums) -> Statement:
    """What moved between two moments. Raises StatementError where it does not add up."""
    for each in (before, now):
        check(each)
    moved = {name: getattr(now, name) - getattr(before, name) for name in MOVED}
    if now.entry < before.entry or min(moved.values()) < 0:
        raise StatementError(f"ran backwards from entry {before.entry} to {now.entry}: {moved}")
    opening, closing = before.credits - before.debits, now.credits - now.debits
    made = Statement(after=before.entry, upto=now.entry, opening=opening, closing=closing, **moved)
    if made.opening + made.income - made.outgo != made.closing:
        raise StatementError(f"{made} does not add up")
    return made


def check(sums: Sums) -> None:
    """Hold the sums against the fund's account. Raises StatementError."""
    came = sums.gifts + sums.matches + sums.covered
    went = sums.refunds + sums.taken_back + sums.programme + sums.running
    if (came, went) != (sums.credits, sums.debits):
        raise StatementError(
            f"in {came} but the books say {sums.credits}, out {went} but {sums.debits}"
        )


def document(made: Statement, now: Sums) -> dict[str, Any]:
    """The statement as a paper keeps it, with the sums that the next one begins from."""
    return {"statement": made._asdict(), "sums": now._asdict()}


def sums_of(figures: dict[str, Any] | None) -> Sums:
    """The sums that a paper ended with; NOTHING where it had none."""
    return Sums(**figures["sums"]) if figures else NOTHING

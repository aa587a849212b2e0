"""Reading what money was spent on, with the words that were confirmed for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from jusha.projects.expense_rules import public_words, words_hash
from jusha.projects.line import PROGRAMME, RUNNING, Interval
from jusha.projects.models import Expense, ExpenseNote

SQL: Final = Path(__file__).parent / "sql"
COVERING_SQL: Final = (SQL / "expenses_covering.sql").read_text()
LISTED_SQL: Final = (SQL / "expenses_listed.sql").read_text()
ONE_SQL: Final = (SQL / "expense_one.sql").read_text()


@dataclass(frozen=True, slots=True)
class Spent:
    """An expense: `amount` fen of a line; `mine`: how many of them are of the asked interval.

    `words` are what the request said to everybody (expense_rules.PUBLIC), None where no request
    hashes to the entry: an instruction of the console has none.
    """

    number: int
    project: str
    line: int
    amount: int
    mine: int
    what: str
    on: str
    words: dict[str, Any] | None


def covering(project: int, lines: dict[int, Interval], *, count: int) -> list[Spent]:
    """Expenses that cover pieces of a project's lines, first spent first; one index range a line.

    Reads: projects_expense, projects_fund, jusha_decision.
    """
    empty = Interval(0, 0)
    pieces = [*lines.get(PROGRAMME, empty), *lines.get(RUNNING, empty)]
    names = ("programme_from", "programme_to", "running_from", "running_to")
    asked = dict(zip(names, pieces, strict=True)) | {"project": project, "count": count}
    return _read(COVERING_SQL, asked)


def listed(project: int, *, below: int = 0, count: int) -> list[Spent]:
    """A project's expenses, newest first; with `below`, those before that entry.

    Reads: projects_expense, projects_fund, jusha_decision.
    """
    return _read(LISTED_SQL, {"project": project, "below": below or 1 << 62, "count": count})


def find(number: int) -> Spent | None:
    """One expense; None if the entry is none. Reads: as `listed`."""
    found = _read(ONE_SQL, {"number": number})
    return found[0] if found else None


def _read(sql: str, asked: dict[str, int]) -> list[Spent]:
    return [_spent(row) for row in Expense.objects.raw(sql, asked)]


def _spent(row: Any) -> Spent:
    body = msgspec.json.decode(row.body) if row.body else None
    fits = isinstance(body, dict) and words_hash(body) == bytes(row.words)
    return Spent(
        row.number, row.code, row.line, row.amount, row.mine, row.what, row.on_day,
        public_words(body) if body and fits else None,
    )  # fmt: skip


def notes(number: int) -> list[ExpenseNote]:
    """What was said later about an expense, oldest first. Reads: jusha_expensenote."""
    return list(ExpenseNote.objects.filter(number=number).order_by("id"))

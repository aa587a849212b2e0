"""Audit of the money lines: what each entry spent, made void, or left spent and covered.

The walk keeps each line as the entries made it; the rows of projects_void and projects_expense
must be exactly what the entries led to, and each entry shows it.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from jusha.ledger.findings import Finding, compared
from jusha.merkle.encoding import encode64
from jusha.money.split import cut_permille
from jusha.projects.line import LINES, PROGRAMME, RUNNING
from jusha.settlement import audit_read as read
from jusha.settlement.audit_gifts import Transfer
from jusha.settlement.audit_read import Asked, Numbered, of_entry
from jusha.settlement.audit_state import Fund, State

Whole = tuple[int, int, int]
"""What entered a project together: amount, and where it begins in its two lines."""


@dataclass
class Out:
    """What one entry took out of lines."""

    number: int
    covered: int = 0
    voids: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    """(entry, project, line, start, length), as projects_void has them."""

    def told(self) -> dict[str, int]:
        """What the entry says of it."""
        return {"cov": self.covered} if self.covered else {}


class Lines:
    """Checks voids and expenses on the state of the walk."""

    def __init__(self, connection: Connection[Any], state: State) -> None:
        """Open the streams; needs a transaction."""
        self.connection, self.state = connection, state
        self.voids = Numbered(connection, "void", read.VOIDS_SQL)
        self.expenses = Numbered(connection, "expense", read.EXPENSES_SQL)

    def streams(self) -> list[Numbered]:
        """All streams whose rows must have an entry."""
        return [self.voids, self.expenses]

    def give_up(self, out: Out, fund: Fund, whole: Whole, before: int, now: int) -> None:
        """Take `now` fen out of both lines behind the `before` that were taken earlier.

        They go from the end, split so that all that was ever taken is cut like the whole.
        """
        amount, programme_at, running_at = whole
        programme, running = cut_permille(amount, fund.permille)
        in_running = [running * done // amount for done in (before, before + now)]
        in_programme = [before - in_running[0], before + now - in_running[1]]
        ends = {PROGRAMME: programme_at + programme, RUNNING: running_at + running}
        for line, (earlier, later) in ((PROGRAMME, in_programme), (RUNNING, in_running)):
            void = fund.spendings[line].cut(ends[line] - later, later - earlier)
            out.covered += later - earlier - void.length
            if void.length:
                out.voids.append((out.number, fund.project, line, void.start, void.length))

    def compare(self, out: Out) -> Iterator[Finding]:
        """Compare the voids of an entry with what is stored."""
        pairs = [("voids", sorted(out.voids), self.voids.take(out.number))]
        yield from compared("settlement", f"entry {out.number}", pairs)

    def spend(self, asked: "Asked") -> Generator[Finding, None, tuple[dict[str, Any], Transfer]]:
        """Spend the next interval of a line; compare its row; return the entry and the transfer."""
        state, body, where = self.state, asked.body, f"entry {asked.number}"
        fund, line, amount = state.funds[body["project"]], LINES[body["line"]], body["amount"]
        if amount > (left := fund.left(line)):
            yield Finding("settlement", "spent more than is left", where, str(left), str(amount))
        taken = fund.spendings[line].take(amount)
        told = (body["ref"], body["what"], body["words"], body["evidence"])
        row = (asked.number, fund.project, line, *taken, amount, taken.length - amount, *told)
        pairs = [("expense", [row], self.expenses.take(asked.number))]
        yield from compared("settlement", where, pairs)
        book = f"charity:{fund.payee_code}"
        kinds = ("fund", f"{body['line']}-spent")
        debit, credit = (state.account(book, kind, fund.code) for kind in kinds)
        fields = {
            "k": "spend", "prj": fund.code, "line": body["line"], "amt": amount,
            "at": list(taken), "ref": body["ref"], "what": body["what"],
            "h": encode64(body["words"]), "ev": encode64(body["evidence"]),
        }  # fmt: skip
        return fields, (of_entry(asked.number, 0), debit, credit, amount)

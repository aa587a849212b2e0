"""Expenses: a programme officer asks, finance of the same charity confirms, settlement spends.

A request is a decision of kind `expense` (people/decisions.py); what became of it stands in
settlement's tables under an id that is made from the decision's number. An expense is never
changed: what was said wrongly gets a note beside it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from django.db import transaction
from django.utils.timezone import localdate

from jusha.inbox.append import append
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import Instruction
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision
from jusha.projects import expense_rules as rules
from jusha.projects import queries as projects
from jusha.projects.expense_rules import Asked
from jusha.projects.line import LINES
from jusha.projects.models import Expense, ExpenseNote
from jusha.uploads import queries as uploads
from jusha.uploads.publish import publish_upload

KIND: Final = "expense"
LANE: Final = "console"
NOTE_MAX: Final = 400

log = structlog.get_logger("expenses")


def outcome_id(decision: int) -> UUID:
    """The id of the instruction that a confirmed request becomes: always the same."""
    return UUID(bytes=hashlib.sha256(f"jusha expense {decision}".encode()).digest()[:16])


def reference(decision: int) -> str:
    """How an entry names the request that it came from."""
    return f"E{decision}"


def propose_expenses(
    asked: Sequence[Asked], *, charity: str, by: UUID, evidence: Iterable[str]
) -> list[Decision]:
    """Ask for expenses of a charity's projects, all or none, with the files that prove them.

    Raises DecisionRefusedError: a code of expense_rules.FAULTS ("project" for one that is not the
    charity's, "more-than-is-left", "evidence" for no file or one that the charity has not), or
    "not-yours". Reads: projects_fund, projects_void. Writes: jusha_decision.
    """
    files = sorted(set(evidence))
    for refused in (check_rows(asked, charity=charity), _check_files(asked, files, charity)):
        if refused:
            raise DecisionRefusedError(refused[0][1])
    with transaction.atomic():
        return [
            decisions.propose(
                KIND,
                charity=charity,
                subject=each.project,
                body=msgspec.to_builtins(each),
                by=by,
                evidence=files,
            )
            for each in asked
        ]


def check_rows(asked: Sequence[Asked], *, charity: str) -> list[tuple[int, str]]:
    """What is wrong with requests: (place from 0, code); what a line has left counts them all.

    Reads: jusha_project, jusha_charity, projects_fund, projects_void.
    """
    found = [
        (place, code)
        for place, each in enumerate(asked)
        for code in rules.faults(each, today=localdate())
    ]
    codes = {each.project for each in asked}
    pages, funds = projects.named_with_charity(codes), projects.funds(codes)
    left: dict[tuple[str, str], int] = {}
    for code, fund in funds.items():
        line = projects.money_line(fund)
        left |= {(code, "programme"): line.programme.left, (code, "running"): line.running.left}
    for place, each in enumerate(asked):
        page = pages.get(each.project)
        if page is None or page.charity.code != charity or each.project not in funds:
            found.append((place, "project"))
            continue
        left[each.project, each.line] = left.get((each.project, each.line), 0) - each.amount
        if each.line in LINES and left[each.project, each.line] < 0:
            found.append((place, "more-than-is-left"))
    return found


def _check_files(
    asked: Sequence[Asked], files: Sequence[str], charity: str
) -> list[tuple[int, str]]:
    wanted = {*files, *(each for row in asked for each in row.pictures)}
    known = all(uploads.find(each, charity=charity) is not None for each in wanted)
    return [] if files and known else [(0, "evidence")]


def confirm_expense(number: int, *, by: UUID) -> Decision:
    """Confirm a request and append its instruction, both or neither; its pictures become public.

    Raises DecisionRefusedError, "more-than-is-left" where the line has less by now.
    Writes: jusha_decisionend, jusha_uploadshown, the inbox.
    """

    def carry_out(decision: Decision) -> None:
        asked = msgspec.convert(decision.body, Asked)
        fund = projects.fund(asked.project)
        line = projects.money_line(fund) if fund else None
        if line is None or getattr(line, asked.line).left < asked.amount:
            raise DecisionRefusedError("more-than-is-left")
        for picture in asked.pictures:
            publish_upload(
                picture, f"spending {decision.pk}", charity=decision.charity, project=asked.project
            )
        append(django_connection(), lane=LANE, envelopes=[instruction(decision, second=by)])

    return decisions.confirm(number, kind=KIND, by=by, apply=carry_out)


def instruction(decision: Decision, *, second: UUID) -> Instruction:
    """What a confirmed request asks of settlement."""
    said: dict[str, Any] = decision.body
    body = {name: said[name] for name in ("project", "line", "amount", "what")}
    body |= {
        "ref": reference(decision.pk),
        "words": rules.words_hash(said),
        "evidence": rules.evidence_hash(decision.evidence, said["supplier"]),
    }
    by = str(decision.proposed_by)
    return Instruction(outcome_id(decision.pk).bytes, "spend", by, str(second), body)


def note_expense(number: int, *, words: str, by: UUID) -> ExpenseNote:
    """Say beside an expense what was said wrongly of it; the expense stays as it is.

    Raises DecisionRefusedError: "no-words", "unknown". Writes: jusha_expensenote.
    """
    kept = rules.clean(words)[:NOTE_MAX]
    if not kept:
        raise DecisionRefusedError("no-words")
    if not Expense.objects.filter(number=number).exists():
        raise DecisionRefusedError("unknown")
    made = ExpenseNote.objects.create(number=number, words=kept, by=by)
    log.info("expense_noted", number=number)
    return made

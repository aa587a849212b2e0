"""Thresholds of the rules against abuse at the desk: one reviewer proposes, another confirms."""

from datetime import date, timedelta
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate

from jusha.guarding import edit_rules, queries
from jusha.guarding.models import GuardRule
from jusha.guarding.rules import RULES, WORDS_MAX, AbuseRefusedError
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError
from jusha.people.rules import Office
from jusha.web.abuse_words import REFUSALS, TERMS, terms_told
from jusha.web.abuse_words import RULES as NAMES
from jusha.web.desk.guard import DeskRequest, prove_first, require_role

SEE_OTHER: Final = 303
REFUSED: Final = 422
DIGITS_MAX: Final = 15


def days_of(rule: str, version: int) -> date | None:
    """From which day a version holds. Reads: jusha_guardrule."""
    found = GuardRule.objects.filter(rule=rule, version=version)
    return found.values_list("begins", flat=True).first()


@require_role(Office.REVIEWER, Office.OPERATOR, Office.AUDITOR)
def rules(request: DeskRequest) -> HttpResponse:
    """Show every version of every rule; propose the next of one, confirm a colleague's."""
    do, refusal = request.POST.get("do", ""), ""
    if request.method == "POST":
        if do == "confirm" and (first := prove_first(request)) is not None:
            return first
        refusal = _done(request, do)
        if not refusal:
            return HttpResponseRedirect(reverse("desk-abuse-rules"), status=SEE_OTHER)
    today, mine = localdate(), request.account.pk
    rows = queries.versions()
    holding = {rule: version for rule, (version, _) in queries.in_force(today).items()}
    context: dict[str, Any] = {
        "rules": [
            {
                "code": rule,
                "name": NAMES[rule],
                "now": holding.get(rule),
                "versions": [(row, terms_told(row.terms)) for row in rows if row.rule == rule],
                "fields": [(term, TERMS[term]) for term in RULES[rule]],
            }
            for rule in RULES
        ],
        "asked": [
            (each, NAMES[each.subject], terms_told(each.body["terms"]), each.proposed_by == mine)
            for each in decisions.open_decisions(edit_rules.KIND)
        ],
        "may": request.staff.office == Office.REVIEWER,
        "refusal": REFUSALS.get(refusal, REFUSALS["unknown"]) if refusal else "",
        "typed": request.POST if refusal else {},
        "tomorrow": (today + timedelta(days=1)).isoformat(),
        "most": WORDS_MAX,
    }
    return render(request, "web/desk_abuse_rules.html", context, status=REFUSED if refusal else 200)


def _done(request: DeskRequest, do: str) -> str:
    """Do what was pressed; the code of the refusal, or ""."""
    post, by = request.POST, request.account.pk
    if request.staff.office != Office.REVIEWER:
        return "not-yours"
    number = _whole(post.get("decision", "")) or 0
    try:
        match do:
            case "propose":
                rule = post.get("rule", "")
                terms = {name: _whole(post.get(name, "")) for name in RULES.get(rule, ())}
                begins = date.fromisoformat(post.get("begins", "").strip())
                words, today = post.get("words", ""), localdate()
                edit_rules.propose_rule(rule, terms, words=words, begins=begins, by=by, today=today)
            case "confirm":
                edit_rules.confirm_rule(number, by=by)
            case "decline":
                words = post.get("words", "")
                decisions.decline(number, kind=edit_rules.KIND, by=by, words=words)
            case "withdraw":
                decisions.withdraw(number, kind=edit_rules.KIND, by=by)
            case _:
                return "unknown"
    except (AbuseRefusedError, DecisionRefusedError) as error:
        return error.code
    except ValueError:
        return "days"
    return ""


def _whole(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else None

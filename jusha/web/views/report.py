"""Report what seems wrong, without an account; see at a secret address what became of it."""

from typing import Final

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from jusha.law.queries import figure
from jusha.oversight import queries as oversight
from jusha.oversight.forget import KEEP_YEARS, erase_complaint, is_erased
from jusha.oversight.report import ANSWER_DAYS, report
from jusha.oversight.rules import WORDS_MAX
from jusha.oversight.words import opens
from jusha.people.accounts import is_held
from jusha.people.rules import Office
from jusha.people.vault import load
from jusha.web import complaint_words
from jusha.web.challenge import challenge
from jusha.web.complaint_form import ComplaintForm, subject_of
from jusha.web.gate import WINDOW_SECONDS, Gate
from jusha.web.language import in_words
from jusha.web.limits import address_of

SEE_OTHER: Final = 303
REFUSED: Final = 422
COOKIE: Final = "jusha_reports"
KEPT: Final = 20
KEEP_SECONDS: Final = 60
"""How long the counts of all complaints are kept."""
GATE: Final = Gate(device=(3, 10), address=(20, 200))
"""Who reports does so once or twice; an address may be a village's or a school's."""


@require_http_methods(["GET", "HEAD", "POST"])
def report_form(request: HttpRequest) -> HttpResponse:
    """Take a complaint about a page, or about the platform; lead to its secret address.

    Beside mode takes none while nobody may read it: then it says whom to ask.
    """
    if settings.JUSHA_MODE == "beside" and not is_held(Office.REVIEWER):
        return _elsewhere(request)
    given = request.POST if request.method == "POST" else request.GET
    about = subject_of(given.get("about", ""))
    form = ComplaintForm(request.POST or None, initial={"kind": request.GET.get("kind", "")})
    now, today = timezone.now(), timezone.localdate()
    times = _times(request, int(now.timestamp()))
    if request.method == "POST" and form.is_valid() and _may(request, form, times):
        said = form.cleaned_data
        made = report(
            kind=said["kind"],
            about=about.path,
            words=said["words"],
            contact=said["contact"],
            project=about.project,
            charity=about.charity,
            today=today,
        )
        answer = HttpResponseRedirect(complaint_words.path_of(made.pk), status=SEE_OTHER)
        _remember(request, answer, [int(now.timestamp()), *times])
        return answer
    context = {
        "form": form,
        "about": about,
        "most": WORDS_MAX,
        "days": figure(ANSWER_DAYS, on=today),
    }
    if "answer" in form.errors:
        context["question"] = challenge(settings.HOME).ask()
    return render(request, "web/report.html", context, status=REFUSED if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def report_state(request: HttpRequest, number: str, secret: str) -> HttpResponse:
    """Show a reporter what became of their complaint, and erase what they wrote if they ask.

    404 for who does not have the address.
    """
    case = oversight.find(int(number), today=timezone.localdate())
    if case is None or not opens(int(number), secret):
        raise Http404(number)
    if request.method == "POST" and "erase" in request.POST:
        erase_complaint(case.complaint.pk, now=timezone.now())
        return HttpResponseRedirect(request.path, status=SEE_OTHER)
    context = {
        "case": case,
        "about": subject_of(case.complaint.about),
        "kind": complaint_words.word(complaint_words.KINDS, case.complaint.kind),
        "state": complaint_words.word(complaint_words.STATES, case.state),
        "steps": complaint_words.history(
            case, complaint_words.said_of(case), shown=complaint_words.TO_REPORTER
        ),
        "address": request.build_absolute_uri(request.path),
        "is_erased": is_erased(case.complaint.pk),
        "years": figure(KEEP_YEARS, on=timezone.localdate()),
    }
    response = render(request, "web/report_state.html", context)
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
def counts(request: HttpRequest) -> HttpResponse:
    """How many complaints came, and what became of them, by half-year; no person's data."""
    halves, kinds = cache.get_or_set(
        "web:oversight", lambda: (oversight.half_years(), oversight.by_kind()), KEEP_SECONDS
    ) or ([], [])
    context = {
        "halves": halves,
        "kinds": [
            (complaint_words.word(complaint_words.KINDS, kind), count) for kind, count in kinds
        ],
        "days": figure(ANSWER_DAYS, on=timezone.localdate()),
    }
    return render(request, "web/oversight.html", context)


def _elsewhere(request: HttpRequest) -> HttpResponse:
    """Say whom to ask where nobody here reads complaints; nothing is kept."""
    facts = settings.JUSHA_MODE_FACTS
    assert facts is not None, "beside mode has its settings"
    context = {"name": in_words(facts.name, facts.name_en or facts.name), "contact": facts.contact}
    status = REFUSED if request.method == "POST" else 200
    return render(request, "web/report_elsewhere.html", context, status=status)


def _may(request: HttpRequest, form: ComplaintForm, times: list[int]) -> bool:
    """Whether one more may come from this browser and address now; else the form says why."""
    address = address_of(request.META, proxy_hops=settings.JUSHA_PROXY_HOPS)
    now_s = int(timezone.now().timestamp())
    verdict = GATE.verdict(address, unpaid=len(times), now_s=now_s)
    if verdict == "wait":
        form.must_wait()
        return False
    token, said = request.POST.get("question", ""), form.cleaned_data["answer"]
    if verdict == "ask" and not challenge(settings.HOME).passes(token, said):
        form.needs_answer()
        return False
    GATE.count(address, now_s=now_s)
    return True


def _times(request: HttpRequest, now_s: int) -> list[int]:
    """When this browser reported in the last ten minutes: its signed cookie says no more."""
    try:
        found = signing.loads(request.COOKIES.get(COOKIE, ""), key=_key(), salt=COOKIE)
    except signing.BadSignature:
        return []
    return [each for each in found if each > now_s - WINDOW_SECONDS]


def _remember(request: HttpRequest, response: HttpResponse, times: list[int]) -> None:
    response.set_cookie(
        COOKIE,
        signing.dumps(times[:KEPT], key=_key(), salt=COOKIE),
        max_age=WINDOW_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


def _key() -> bytes:
    return load(settings.HOME, "browser")

"""A giving day's pools and rules at the desk: promises, rules tried before they stand, releases."""

from datetime import date, datetime
from typing import Any, Final

from django import forms
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from jusha.campaigns import day_queries as days
from jusha.campaigns import queries as campaigns
from jusha.campaigns.day_rules import FUND_KIND, RULE_KIND, STEP_KIND, DayRefusedError
from jusha.campaigns.models import Campaign
from jusha.campaigns.run_day import Promise, propose_fund, propose_rule, propose_step
from jusha.matching import queries as matching
from jusha.matching.document import DocumentRefusedError, read_document, write_document
from jusha.matching.models import Pool
from jusha.money.clock import local_day, minute_text
from jusha.people.decisions import DecisionRefusedError
from jusha.people.rules import Office
from jusha.uploads.rules import PAPERS
from jusha.web.day_form import MINUTE, aware
from jusha.web.day_words import HOW_WORDS, RETURN_WORDS, STEP_WORDS, refused
from jusha.web.decision_words import refusal
from jusha.web.desk import day_decide
from jusha.web.desk.days import LOOKS, REFUSED, SEE_OTHER
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.forms import parse_yuan
from jusha.web.rule_trial import TrialRefusedError, shape_names, trial
from jusha.web.rule_words import rule_lines, rule_title
from jusha.web.upload_words import keep_field

MONEY_KINDS: Final = (FUND_KIND, STEP_KIND)
SEEDS_SHOWN: Final = 40


class PaperForm(forms.Form):
    """The signed promise as a file."""

    paper = forms.FileField(required=False)


def _found(code: str) -> tuple[Campaign, campaigns.Running | None]:
    page = Campaign.objects.filter(code=code).first()
    if page is None:
        raise Http404(code)
    return page, campaigns.find(code)


@require_role(*LOOKS)
def pools(request: DeskRequest, code: str) -> HttpResponse:
    """Pools of a campaign: fund one by a signed promise, take the next step of one."""
    page, running = _found(code)
    said = ""
    if request.method == "POST":
        answer = _pool_done(request, code)
        if isinstance(answer, HttpResponse):
            return answer
        said = answer
        if not said:
            return HttpResponseRedirect(reverse("desk-day-pools", args=(code,)), status=SEE_OTHER)
    today = timezone.localdate()
    standing = _standing(running, today) if running else []
    context: dict[str, Any] = {
        "it": page,
        "running": running,
        "standing": standing,
        "rows": day_decide.rows(request.staff, MONEY_KINDS, subject=code),
        "history": day_decide.history(MONEY_KINDS, code),
        "hows": HOW_WORDS.items(),
        "returns": RETURN_WORDS.items(),
        "is_operator": request.staff.office == Office.OPERATOR,
        "is_finance": request.staff.office == Office.FINANCE,
        "typed": request.POST if said else {"notice_days": "10", "how": "secured"},
        "said": said,
    }
    return render(request, "web/desk_day_pools.html", context, status=REFUSED if said else 200)


def _standing(running: campaigns.Running, today: date) -> list[dict[str, Any]]:
    """Each pool with its balances, its promise, and which step is next."""
    now = timezone.now()
    found = {each.code: each for each in Pool.objects.filter(campaign=running.id)}
    states = matching.pools(running.id, day=local_day(int(now.timestamp())), at=now)
    signed = days.promises(found, today=today)
    return [
        {
            "state": each,
            "promise": signed.get(each.code),
            "pool": found[each.code],
            "until": _until(found[each.code]),
            "step": (step := _next(found[each.code], running, now)),
            "step_words": STEP_WORDS.get(step, ""),
            "promised": (promised := days.promised_of(found[each.code])),
            "held": days.frozen(one.project for one in promised),
            "payable": days.payable_of(found[each.code]),
        }
        for each in states
    ]


def _until(pool: Pool) -> datetime | None:
    """When a pool's notice ends; None before it began."""
    return (
        datetime.fromtimestamp(pool.notice_until, timezone.get_current_timezone())
        if (pool.notice_until)
        else None
    )


def _next(pool: Pool, running: campaigns.Running, now: datetime) -> str:
    """The step that a pool can take now, "" where there is none but to release and to be paid."""
    if pool.closed:
        return ""
    if not pool.notice_until:
        return "begin-notice" if now >= running.closes else ""
    return "close-pool" if now.timestamp() >= pool.notice_until else ""


def _pool_done(request: DeskRequest, code: str) -> HttpResponse | str:
    do, post = request.POST.get("do", ""), request.POST
    wanted = {"fund": Office.OPERATOR, "step": Office.FINANCE}.get(do)
    if wanted is None:
        return day_decide.end(request, MONEY_KINDS)
    if request.staff.office != wanted:
        return str(refusal("not-yours"))
    try:
        if do == "fund":
            return _fund(request, code)
        propose_step(code, post.get("step", ""), _bodies(post), by=request.account.pk)
    except DayRefusedError as error:
        return refused(error)
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    return ""


def _bodies(post: Any) -> list[dict[str, Any]]:
    """What a step says to settlement. Raises DayRefusedError."""
    pool, step = post.get("pool", ""), post.get("step", "")
    if step == "release":
        return [{"pool": pool, "project": each} for each in post.getlist("project")]
    if step != "sponsor-paid":
        return [{"pool": pool}]
    amount = parse_yuan(post.get("amount", "").strip(" ¥元"))
    if not amount:
        raise DayRefusedError("amount")
    charity, how = post.get("charity", ""), post.get("how", "")
    return [{"pool": pool, "charity": charity, "amount": amount, "how": how}]


def _fund(request: DeskRequest, code: str) -> str:
    post = request.POST
    form = PaperForm(post, request.FILES)
    form.is_valid()
    paper = keep_field(form, "paper", by=request.account.pk, charity="", kinds=PAPERS)
    if form.errors:
        return " ".join(str(each) for errors in form.errors.values() for each in errors)
    notice = post.get("notice_days", "")
    said = Promise(
        post.get("pool", ""),
        post.get("sponsor", ""),
        parse_yuan(post.get("amount", "").strip(" ¥元")) or 0,
        post.get("how", ""),
        _day(post.get("due_on", "")),
        post.get("on_return", ""),
        int(notice) if notice.isdecimal() and len(notice) <= 3 else -1,  # noqa: PLR2004
    )
    propose_fund(
        code,
        said,
        evidence=paper.sha256 if paper else "",
        by=request.account.pk,
        today=timezone.localdate(),
    )
    return ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


@require_role(*LOOKS)
def rules(request: DeskRequest, code: str) -> HttpResponse:
    """Rules of a campaign: read a document, try it on an invented day, propose it."""
    page, running = _found(code)
    typed = request.POST.dict() if request.method == "POST" else {}
    told: dict[str, Any] = {"said": "", "tried": None, "lines": [], "title": ""}
    if request.method == "POST":
        answer = _rule_done(request, code, told)
        if answer is not None:
            return answer
    now = timezone.now()
    versions = matching.versions(campaign=running.id) if running else []
    acting = {rule.id for rule in matching.in_force(running.id, now)} if running else set()
    codes = {each.code for each in versions}
    context: dict[str, Any] = {
        "it": page,
        "running": running,
        "pools": Pool.objects.filter(campaign=running.id, notice_until=0) if running else [],
        "versions": [(each, rule_title(each.terms), each.id in acting) for each in versions],
        "documents": [(each, write_document(each.terms)) for each in versions if each.id in acting],
        "seeds": [each for each in matching.seeds(SEEDS_SHOWN) if each.rule in codes],
        "rows": day_decide.rows(request.staff, [RULE_KIND], subject=code),
        "history": day_decide.history([RULE_KIND], code),
        "shapes": shape_names(),
        "may_write": request.staff.office == Office.OPERATOR,
        "typed": typed,
        **told,
    }
    status = REFUSED if told["said"] else 200
    return render(request, "web/desk_day_rules.html", context, status=status)


def _rule_done(request: DeskRequest, code: str, told: dict[str, Any]) -> HttpResponse | None:
    """Try, propose or end; the answer, or None with `told` filled for the page."""
    do, post = request.POST.get("do", ""), request.POST
    try:
        if do not in {"try", "propose"}:
            answer = day_decide.end(request, [RULE_KIND])
            if isinstance(answer, HttpResponse):
                return answer
            told["said"] = answer
        elif request.staff.office != Office.OPERATOR:
            told["said"] = str(refusal("not-yours"))
        elif do == "try":
            terms = read_document(post.get("text", ""))
            told["title"] = rule_title(terms)
            told["lines"] = rule_lines(terms)
            told["tried"] = trial(terms, shape=post.get("shape", ""), pool=_left(post, code))
            return None
        else:
            propose_rule(
                code, code=post.get("rule", ""), pool=post.get("pool", ""),
                from_=_from(post.get("from", "")), text=post.get("text", ""),
                by=request.account.pk, now=timezone.now(),
            )  # fmt: skip
    except DocumentRefusedError as error:
        told["said"] = str(error)
    except TrialRefusedError as error:
        told["said"] = str(error.words)
    except DayRefusedError as error:
        told["said"] = refused(error)
    except DecisionRefusedError as error:
        told["said"] = str(refusal(error.code))
    if told["said"]:
        return None
    return HttpResponseRedirect(reverse("desk-day-rules", args=(code,)), status=SEE_OTHER)


def _left(post: Any, code: str) -> int:
    """What the chosen pool has, in fen; 0 where none is chosen."""
    running = campaigns.find(code)
    if running is None:
        return 0
    now = timezone.now()
    states = matching.pools(running.id, day=local_day(int(now.timestamp())), at=now)
    return next((each.available for each in states if each.code == post.get("pool", "")), 0)


def _from(text: str) -> str:
    """A minute of Shanghai as the log writes it; "" for none. Raises DayRefusedError."""
    if not text.strip():
        return ""
    try:
        at = aware(datetime.strptime(text.strip(), MINUTE))  # noqa: DTZ007 - made aware here
        assert at is not None
        return minute_text(int(at.timestamp()))
    except (ValueError, OverflowError) as error:
        raise DayRefusedError("from") from error

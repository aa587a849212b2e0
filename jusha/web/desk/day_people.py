"""Who takes part in giving days: charities sign and apply, the platform approves; scenes."""

from datetime import date, timedelta
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.campaigns.day_models import Exclusion, PactSignature, Participation, Scene
from jusha.campaigns.day_rules import EXCLUDE_KIND, JOIN_KIND, PACT_KIND, DayRefusedError
from jusha.campaigns.join_day import (
    current_pact,
    excluded,
    propose_exclude,
    propose_join,
    propose_pact,
    sign_pact,
)
from jusha.campaigns.models import Campaign, Terms
from jusha.campaigns.scenes import end_scene, save_scenes
from jusha.charities import queries as charities
from jusha.charities.rules import Role
from jusha.people.decisions import DecisionRefusedError, withdraw
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.projects import queries as projects
from jusha.web.day_words import SCENE_WORDS, refused
from jusha.web.decision_words import refusal
from jusha.web.desk import day_decide
from jusha.web.desk.days import LOOKS, REFUSED, SEE_OTHER
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff

PEOPLE_KINDS: Final = (JOIN_KIND, PACT_KIND, EXCLUDE_KIND)
YEAR: Final = timedelta(days=365)
JOINED_MAX: Final = 100


def nothing(_staff: Staff) -> int:
    """An application waits for the platform, not for the charity."""
    return 0


def _own(staff: Staff, wanted: str) -> str:
    """The charity that the page is about: the wanted one of the person's own, or their first."""
    own = staff.charities(Role.VIEWER)
    return wanted if wanted in own else own[0]


@require_role(Role.VIEWER)
def join(request: DeskRequest) -> HttpResponse:
    """A charity's page: the pact and its signature, campaigns to apply for, what was answered."""
    asked = request.POST if request.method == "POST" else request.GET
    charity, said = _own(request.staff, asked.get("charity", "")), ""
    if request.method == "POST":
        said = _join_done(request, charity)
        if not said:
            way = f"{reverse('desk-join')}?charity={charity}"
            return HttpResponseRedirect(way, status=SEE_OTHER)
    now, pact = timezone.now(), current_pact()
    context: dict[str, Any] = {
        "charity": charities.find(charity),
        "others": [each for each in request.staff.charities(Role.VIEWER) if each != charity],
        "pact": pact,
        "signed": pact and PactSignature.objects.filter(charity=charity, version=pact.version)
        .first(),
        "out": excluded(charity, timezone.localdate(now)),
        "campaigns": _joinable(now),
        "projects": projects.of_charity(charity),
        "asked": _asked(charity),
        "may_write": request.staff.holds(Role.PROGRAMME, charity=charity),
        "may_sign": request.staff.roles.get(charity) in {Role.PROGRAMME, Role.FINANCE},
        "mine": request.account.pk,
        "typed": asked,
        "chosen": asked.getlist("project") if said else [],
        "said": said,
    }  # fmt: skip
    return render(request, "web/desk_join.html", context, status=REFUSED if said else 200)


def _joinable(now: Any) -> list[Campaign]:
    """Pages of campaigns that are not over, rehearsals too."""
    over = {each.code for each in Terms.objects.all() if campaigns.closes_at(each) <= now}
    found = Campaign.objects.exclude(code__in=over).order_by("-id")
    return [each for each in found if each.closes is None or each.closes > now][:JOINED_MAX]


def _asked(charity: str) -> list[tuple[Decision, str]]:
    """What the charity applied for, newest first: (decision, how it ended or "")."""
    found = Decision.objects.filter(kind=JOIN_KIND, charity=charity).select_related("end")
    rows = [(each, getattr(each, "end", None)) for each in found.order_by("-id")[:JOINED_MAX]]
    return [(each, end.verdict if end else "") for each, end in rows]


def _join_done(request: DeskRequest, charity: str) -> str:
    post, by = request.POST, request.account.pk
    do, number = post.get("do", ""), post.get("number", "")
    try:
        if do == "sign":
            version = post.get("version", "")
            role = request.staff.roles.get(charity, "")
            wanted = int(version) if version.isdecimal() and len(version) < 6 else 0  # noqa: PLR2004
            sign_pact(charity, version=wanted, role=str(role), by=by)
        elif do == "apply" and request.staff.holds(Role.PROGRAMME, charity=charity):
            codes = post.getlist("project")
            propose_join(charity, post.get("campaign", ""), codes, by=by, now=timezone.now())
        elif do == "withdraw":
            own = {str(each.pk): each for each, end in _asked(charity) if not end}
            if number not in own:
                return str(refusal("unknown"))
            withdraw(own[number].pk, kind=JOIN_KIND, by=by)
        else:
            return str(refusal("not-yours"))
    except DayRefusedError as error:
        return refused(error)
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    return ""


@require_role(*LOOKS)
def people(request: DeskRequest) -> HttpResponse:
    """The platform's page: applications, the pact and its versions, exclusions."""
    said = ""
    if request.method == "POST":
        answer = _people_done(request)
        if isinstance(answer, HttpResponse):
            return answer
        said = answer
        if not said:
            return HttpResponseRedirect(reverse("desk-day-people"), status=SEE_OTHER)
    today = timezone.localdate()
    pact = current_pact()
    context: dict[str, Any] = {
        "rows": day_decide.rows(request.staff, PEOPLE_KINDS),
        "pact": pact,
        "signed": PactSignature.objects.filter(version=pact.version).count() if pact else 0,
        "out": Exclusion.objects.filter(ends__gt=today).order_by("ends"),
        "joined": Participation.objects.order_by("-id")[:JOINED_MAX],
        "is_operator": request.staff.office == Office.OPERATOR,
        "is_reviewer": request.staff.office == Office.REVIEWER,
        "typed": request.POST if said else _first(pact, today),
        "said": said,
    }
    return render(request, "web/desk_day_people.html", context, status=REFUSED if said else 200)


def _first(pact: Any, today: date) -> dict[str, str]:
    """What stands in the empty forms: a new version begins with the words of the last."""
    words = {"words_zh": pact.words_zh, "words_en": pact.words_en} if pact else {}
    return words | {"begins": today.isoformat(), "ends": (today + YEAR).isoformat()}


def _people_done(request: DeskRequest) -> HttpResponse | str:
    do, post, by = request.POST.get("do", ""), request.POST, request.account.pk
    wanted = {"pact": Office.OPERATOR, "exclude": Office.REVIEWER}.get(do)
    if wanted is None:
        return day_decide.end(request, PEOPLE_KINDS)
    if request.staff.office != wanted:
        return str(refusal("not-yours"))
    try:
        if do == "pact":
            propose_pact(post.get("words_zh", ""), post.get("words_en", ""), by=by)
        else:
            begins, ends = _day(post.get("begins", "")), _day(post.get("ends", ""))
            propose_exclude(
                post.get("charity", "").strip(), begins=begins, ends=ends,
                words=post.get("words", ""), by=by, today=timezone.localdate(),
            )  # fmt: skip
    except DayRefusedError as error:
        return refused(error)
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    return ""


def _day(text: str) -> date:
    """Read a day. Raises DayRefusedError."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise DayRefusedError("days") from error


@require_role(*LOOKS)
def scenes(request: DeskRequest) -> HttpResponse:
    """The registry of scenes: write lines, end one; gifts by scene of a campaign."""
    said, code = "", request.GET.get("campaign", "")
    if request.method == "POST":
        said = _scenes_done(request)
        if not said:
            return HttpResponseRedirect(reverse("desk-scenes"), status=SEE_OTHER)
    counted = campaigns.by_scene(code) if code else []
    known = {each.code: each for each in Scene.objects.order_by("code")}
    context: dict[str, Any] = {
        "scenes": [(each, SCENE_WORDS[each.kind]) for each in known.values()],
        "counted": [(known.get(scene), scene, gifts, sum_) for scene, gifts, sum_ in counted],
        "campaign": Campaign.objects.filter(code=code).first() if code else None,
        "campaigns": campaigns.all_campaigns(),
        "kinds": SCENE_WORDS.items(),
        "may_write": request.staff.office == Office.OPERATOR,
        "typed": request.POST.get("lines", ""),
        "said": said,
    }
    return render(request, "web/desk_scenes.html", context, status=REFUSED if said else 200)


def _scenes_done(request: DeskRequest) -> str:
    if request.staff.office != Office.OPERATOR:
        return str(refusal("not-yours"))
    today = timezone.localdate()
    try:
        if request.POST.get("do") == "end":
            end_scene(request.POST.get("code", ""), today=today)
        else:
            save_scenes(request.POST.get("lines", ""), today=today)
    except DayRefusedError as error:
        return refused(error)
    return ""

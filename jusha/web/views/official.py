"""A charity's official account: what was verified, what it told, and following it."""

from typing import Any, Final, NamedTuple

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from jusha.charities import queries as charities
from jusha.charities.models import Charity
from jusha.people.consent_rules import PROGRESS
from jusha.people.consents import has_consent, set_consent
from jusha.people.models import UserAccount
from jusha.stories import queries as stories
from jusha.stories.follow import follow, unfollow
from jusha.stories.models import Post
from jusha.stories.queries import News
from jusha.web.desk.disclosures import File, shown_files
from jusha.web.disclosure_words import KINDS, address
from jusha.web.open.tables import address as whole_address
from jusha.web.privacy import WORDINGS
from jusha.web.titles import told
from jusha.web.views.open_data import Entry, atom

SEE_OTHER: Final = 303
LISTED_MAX: Final = 50


class Told(NamedTuple):
    """One thing that a charity told, as the page lists it."""

    news: News
    kind: str
    path: str
    picture: File | None


class Version(NamedTuple):
    """One version of a post as its page shows it."""

    post: Post
    words: str
    is_english: bool
    files: list[File]


@require_http_methods(["GET", "HEAD", "POST"])
def official(request: HttpRequest, code: str) -> HttpResponse:
    """Show the account; follow it or leave it, signed in."""
    charity, found = _found(code)
    account = request.user if isinstance(request.user, UserAccount) else None
    if request.method == "POST":
        if account is None:
            return redirect_to_login(request.path)
        if request.POST.get("do") == "follow":
            follow(account.pk, code)
            if "agree" in request.POST:
                set_consent(account.pk, PROGRESS, given=True)
        elif request.POST.get("do") == "unfollow":
            unfollow(account.pk, code)
        return HttpResponseRedirect(request.path, status=SEE_OTHER)
    context: dict[str, Any] = {
        "charity": charity,
        "found": found,
        "followers": stories.followers(code),
        "follows": account is not None and code in stories.follows(account.pk),
        "signed_in": account is not None,
        "agreed": account is not None and has_consent(account.pk, PROGRESS),
        "wording": WORDINGS[PROGRESS],
        "told": [_told(each) for each in stories.news([code], most=LISTED_MAX)],
    }
    response = render(request, "web/official.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
def post(request: HttpRequest, code: str, number: str) -> HttpResponse:
    """Show a post with all its versions, the newest first."""
    charity, _account = _found(code)
    found = stories.versions(code, int(number))
    if not found:
        raise Http404(number)
    english = get_language() == "en"
    context = {
        "charity": charity,
        "newest": found[0],
        "versions": [
            Version(
                each,
                each.words_en if english and each.words_en else each.words,
                english and bool(each.words_en),
                shown_files(each.files, code),
            )
            for each in found
        ],
    }
    return render(request, "web/post.html", context)


@require_safe
def posts_feed(_request: HttpRequest, code: str) -> HttpResponse:
    """What a charity told, as an Atom feed: posts and reports, each in its newest version."""
    charity, _account = _found(code)
    entries = [
        Entry(each.title, _whole(each), each.words, charity.name_zh, each.at)
        for each in stories.news([code], most=LISTED_MAX)
    ]
    title = _("%(charity)s · 官方账号") % {"charity": told(charity, "name")}
    return atom(title, whole_address("posts-feed", code), entries)


def _found(code: str) -> tuple[Charity, stories.Verified]:
    """A charity and its account; 404 where one of them is not."""
    charity = charities.find(code)
    found = stories.verified(charity, timezone.localdate()) if charity else None
    if charity is None or found is None:
        raise Http404(code)
    return charity, found


def _told(news: News) -> Told:
    files = news.post.files if news.post else news.paper.files if news.paper else []
    pictures = [each for each in shown_files(files[:1], news.charity) if each.is_picture]
    kind = str(KINDS[news.paper.kind]) if news.paper else _("动态")
    return Told(news, kind, path_of(news), next(iter(pictures), None))


def path_of(news: News) -> str:
    """The page on which something that was told stands with all its versions."""
    if news.post is not None:
        return reverse("post", args=(news.charity, news.post.number))
    assert news.paper is not None
    return address(news.paper)


def _whole(news: News) -> str:
    """The same page's address from everywhere."""
    if news.post is not None:
        return whole_address("post", news.charity, str(news.post.number))
    paper = news.paper
    assert paper is not None
    place = paper.key.rpartition("/")[2]
    if paper.project:
        return whole_address("disclosure", paper.project, paper.kind, place)
    return whole_address("charity-disclosure", paper.charity, place)

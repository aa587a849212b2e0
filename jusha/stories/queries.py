"""Reading official accounts: the mark, posts in their newest versions, followers."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from jusha.charities.models import Certificate, Charity, Member
from jusha.charities.queries import certificate
from jusha.finding.queries import may_be_found
from jusha.projects.disclosure_models import DisclosurePaper
from jusha.stories.models import Follow, OfficialAccount, Post
from jusha.stories.rules import Mark, mark_of


class Verified(NamedTuple):
    """An account and how its mark stands; `until` is the last day of the certificate."""

    account: OfficialAccount
    mark: Mark
    until: date | None


class News(NamedTuple):
    """What a charity published: a post of its account, or a paper of disclosure."""

    charity: str
    title: str
    words: str
    at: datetime
    version: int
    post: Post | None
    paper: DisclosurePaper | None


def account_of(charity: str) -> OfficialAccount | None:
    """The account as it was checked last; None for a charity without one."""
    return OfficialAccount.objects.filter(charity=charity).order_by("-id").first()


def verified(charity: Charity, today: date) -> Verified | None:
    """A charity's account and how its mark stands on a day; None without one.

    Reads: jusha_officialaccount, jusha_certificate.
    """
    found = account_of(charity.code)
    if found is None:
        return None
    held: Certificate | None = certificate(charity.code, today)
    mark = mark_of(
        checked_uscc=found.uscc,
        checked_certificate=found.certificate,
        uscc=charity.uscc,
        certificate=held.number if held else "",
        valid_until=held.valid_until if held else None,
        today=today,
    )
    return Verified(found, mark, held.valid_until if held else None)


def followers(charity: str) -> int:
    """How many accounts follow a charity now, its own people left out. Reads: jusha_follow."""
    own = Member.objects.filter(charity=charity, account_id=OuterRef("account"))
    return Follow.objects.filter(charity=charity).exclude(Exists(own)).count()


def follows(account: UUID) -> list[str]:
    """Codes of the charities that an account follows, the newest first. Reads: jusha_follow."""
    found = Follow.objects.filter(account=account).order_by("-id")
    return list(found.values_list("charity", flat=True))


def versions(charity: str, number: int) -> list[Post]:
    """A post's versions, the newest first. Reads: jusha_post."""
    return list(Post.objects.filter(charity=charity, number=number).order_by("-version"))


def news(charities: Iterable[str], *, most: int, since: datetime | None = None) -> list[News]:
    """The newest posts and papers of charities, each in its newest version, newest first.

    `since`: only what came out first after it. Papers of projects that nobody may find are
    left out.
    Reads: jusha_post, jusha_disclosurepaper, jusha_project.
    """
    codes = set(charities)
    posts, papers = _posts().filter(charity__in=codes), _papers().filter(charity__in=codes)
    if since is not None:
        first = {"version": 1, "at__gt": since}
        of_post = Post.objects.filter(charity=OuterRef("charity"), number=OuterRef("number"))
        posts = posts.filter(Exists(of_post.filter(**first)))
        of_paper = DisclosurePaper.objects.filter(key=OuterRef("key"))
        papers = papers.filter(Exists(of_paper.filter(**first)))
    found = [
        News(p.charity, p.title, p.words, p.at, p.version, p, None)
        for p in posts.order_by("-at")[:most]
    ] + [
        News(p.charity, p.title, p.words, p.at, p.version, None, p)
        for p in papers.order_by("-at")[:most]
    ]
    return sorted(found, key=lambda each: each.at, reverse=True)[:most]


def _posts() -> QuerySet[Post]:
    newest = Post.objects.filter(charity=OuterRef("charity"), number=OuterRef("number"))
    return Post.objects.filter(id=Subquery(newest.order_by("-version").values("id")[:1]))


def _papers() -> QuerySet[DisclosurePaper]:
    newest = DisclosurePaper.objects.filter(key=OuterRef("key")).order_by("-version")
    found = DisclosurePaper.objects.filter(id=Subquery(newest.values("id")[:1]))
    shown = may_be_found().filter(code=OuterRef("project"))
    return found.filter(Exists(shown)) | found.filter(project="")

"""Open data: a page that explains it, tables, grants, linked data, feeds, maps of the site."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from threading import BoundedSemaphore
from typing import Final, NamedTuple

import msgspec
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.feedgenerator import Atom1Feed
from django.utils.http import http_date, quote_etag
from django.utils.timezone import localdate

from jusha.charities import queries as charities_queries
from jusha.finding.queries import may_be_found
from jusha.finding.rules import CHARITY, PROJECT
from jusha.projects.disclosure_queries import published
from jusha.projects.raising import raising_of
from jusha.tlog import queries as tlog
from jusha.web.open import grants, linked, queries, tables
from jusha.web.open.tables import CHARITIES, GIFTS, PROJECTS, address

LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
A_MINUTE: Final = "public, max-age=60"
PART: Final = 50_000
"""Addresses in one file of a sitemap (sitemaps.org)."""
NEWEST: Final = 50
STREAMS: Final = BoundedSemaphore(3)
"""So many tables on their way at once, of a process of pages."""
BUSY: Final = 503
DAYS_SHOWN: Final = 14
PAGES: Final = ("home", "find", "projects", "charities", "log", "entries", "verify", "open")
CLOSED: Final = ("/desk", "/office", "/account", "/mine", "/o/", "/prepared/", "/q/", "/privacy")
KINDS: Final = {"projects": PROJECT, "charities": CHARITY}
FORMATS: Final = {
    "csv": (tables.as_csv, "text/csv; charset=utf-8"),
    "jsonl": (tables.as_json_lines, "application/jsonl; charset=utf-8"),
}


def open_data(request: HttpRequest) -> HttpResponse:
    """Explain what there is, as of when, and under which licence."""
    days = queries.gift_days()
    first, last = days or (None, None)
    shown = [last - timedelta(days=n) for n in range(DAYS_SHOWN)] if last and first else []
    newest = tlog.checkpoint()
    return render(
        request,
        "web/open.html",
        {
            "at": queries.indexed_at(),
            "checkpoint": newest,
            "days": [day for day in shown if first and day >= first],
            "licence": LICENCE,
            "has_grants": next(queries.grants(_size()), None) is not None,
        },
    )


def table(request: HttpRequest, name: str, form: str) -> HttpResponseBase:
    """Send the table of projects or of charities, made while it is sent."""
    writer, kind = FORMATS[form]

    def made() -> Iterator[bytes]:
        if name == "projects":
            return writer(PROJECTS, tables.projects())
        return writer(CHARITIES, tables.charities(localdate()))

    return streamed(request, f"{name}.{form}", kind, made)


def gifts(request: HttpRequest, day: str) -> HttpResponseBase:
    """Send what was given on a day, by project: published entries alone, no person in it."""
    try:
        wanted = date.fromisoformat(day)
    except ValueError as error:
        raise Http404(day) from error
    if wanted > localdate():
        raise Http404(day)
    size = _size()
    return streamed(
        request, f"gifts-{day}.csv", FORMATS["csv"][1],
        lambda: tables.as_csv(GIFTS, tables.gifts(wanted, size)),
    )  # fmt: skip


def grants_file(request: HttpRequest) -> HttpResponseBase:
    """Send what pools released, as 360Giving; not found while nothing was released."""
    made = grants.package(queries.grants(_size()))
    first = next(made, None)
    if first is None:
        raise Http404("no grants")
    return streamed(
        request, "grants.json", "application/json", lambda: chain([first], made), save=False
    )


def streamed(
    request: HttpRequest,
    name: str,
    kind: str,
    made: Callable[[], Iterator[bytes]],
    *,
    save: bool = True,
) -> HttpResponseBase:
    """An answer that is made while it is sent, or "not modified" to who has it already.

    It is as of the last change of the index and of the newest published checkpoint.
    """
    newest, at = tlog.checkpoint(), queries.indexed_at() or datetime.fromtimestamp(0, UTC)
    changed = max(at, newest.at) if newest else at
    etag = quote_etag(f"{name}-{at.timestamp():.6f}-{newest.size if newest else 0}")
    seconds = int(changed.timestamp())
    known = get_conditional_response(request, etag=etag, last_modified=seconds)
    response = known or _sent(made, kind)
    if response.status_code == BUSY:
        return response
    for header, value in {
        "ETag": etag,
        "Last-Modified": http_date(seconds),
        "Cache-Control": A_MINUTE,
        "Access-Control-Allow-Origin": "*",
        "Link": f'<{LICENCE}>; rel="license"',
    }.items():
        response[header] = value
    if save and known is None:
        response["Content-Disposition"] = f'attachment; filename="jusha-{name}"'
    return response


def _sent(made: Callable[[], Iterator[bytes] | Iterator[str]], kind: str) -> HttpResponseBase:
    """A table on its way; 503 while as many are on their way as may be.

    Whoever reads slowly holds a thread of the pages and a connection for as long as they like, so
    tables never take all of them.
    """
    if not STREAMS.acquire(blocking=False):
        busy = HttpResponse(
            "Too many tables are on their way. Try again in a minute.\n", status=BUSY
        )
        busy["Content-Type"] = "text/plain; charset=utf-8"
        busy["Retry-After"] = "60"
        busy["Cache-Control"] = "no-store"
        return busy
    return StreamingHttpResponse(Held(made()), content_type=kind)


class Held:
    """Pieces of an answer; its place among the streams is free again once it is closed."""

    def __init__(self, pieces: Iterator[bytes] | Iterator[str]) -> None:
        self._pieces, self._is_closed = pieces, False

    def __iter__(self) -> Iterator[bytes] | Iterator[str]:
        return self._pieces

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Let go, once; the server calls it also where the reader went away."""
        if not self._is_closed:
            self._is_closed = True
            STREAMS.release()


def linked_project(_request: HttpRequest, code: str) -> HttpResponse:
    """A project in schema.org's words."""
    found = may_be_found().select_related("charity").filter(code=code).first()
    if found is None:
        raise Http404(code)
    takes = bool(raising_of([code], localdate()))
    return _linked(linked.project(found, takes=takes))


def linked_charity(_request: HttpRequest, code: str) -> HttpResponse:
    """A charity in schema.org's words."""
    found = charities_queries.find(code)
    if found is None:
        raise Http404(code)
    return _linked(linked.charity(found))


def linked_deed(_request: HttpRequest, number: str) -> HttpResponse:
    """A published gift in schema.org's words."""
    newest = tlog.checkpoint()
    if newest is None or int(number) >= newest.size:
        raise Http404(number)
    raw = tlog.entry_bytes(int(number))
    entry = msgspec.json.decode(raw) if raw else {}
    if entry.get("k") != "don" or entry.get("cur") != "CNY":
        raise Http404(number)
    found = may_be_found().select_related("charity").filter(code=entry.get("prj", "")).first()
    return _linked(linked.gift(entry, found))


def _linked(told: dict[str, object]) -> HttpResponse:
    response = HttpResponse(msgspec.json.encode(told), content_type="application/ld+json")
    response["Cache-Control"] = A_MINUTE
    response["Access-Control-Allow-Origin"] = "*"
    return response


def sitemap(_request: HttpRequest) -> HttpResponse:
    """The index of the site's maps: one of pages, then parts of PART projects and charities."""
    parts = [address("sitemap-pages")]
    for name, kind in KINDS.items():
        firsts = queries.firsts(kind, part=PART)
        parts += [address("sitemap-part", name, first) for first in firsts]
    body = "".join(f"<sitemap><loc>{part}</loc></sitemap>" for part in parts)
    return _xml(
        f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{body}</sitemapindex>'
    )


def sitemap_pages(_request: HttpRequest) -> HttpResponse:
    """The map of the pages that there is one of."""
    return _xml("".join(_urls(address(name) for name in PAGES)))


def sitemap_part(_request: HttpRequest, name: str, code: str) -> HttpResponseBase:
    """The map of PART projects or charities from a code on."""
    view = {"projects": "project", "charities": "charity"}[name]
    found = queries.codes_from(KINDS[name], code, part=PART)
    made = chain([XML], _urls(address(view, each) for each in found))
    return _sent(lambda: made, "application/xml")


XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _urls(addresses: Iterator[str]) -> Iterator[str]:
    yield '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    for each in addresses:
        yield f"<url><loc>{each}</loc></url>\n"
    yield "</urlset>"


def _xml(body: str) -> HttpResponse:
    return HttpResponse(XML + body, content_type="application/xml")


def robots(_request: HttpRequest) -> HttpResponse:
    """What programs that read the whole site need not read."""
    lines = ["User-agent: *", *(f"Disallow: {each}" for each in CLOSED)]
    lines += [f"Sitemap: {address('sitemap')}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


class Entry(NamedTuple):
    """One entry of a feed; `page` is its address and its name for ever."""

    title: str
    page: str
    text: str
    author: str
    at: datetime


def feed(_request: HttpRequest) -> HttpResponse:
    """The newest projects as an Atom feed, in Chinese as they were written.

    The same for everybody, whatever language their pages are in: caches keep it.
    """
    found = may_be_found().select_related("charity").order_by("-id")[:NEWEST]
    entries = [
        Entry(
            each.title_zh, address("project", each.code), each.summary_zh, each.charity.name_zh,
            datetime.combine(each.starts_on, time(), UTC),
        )
        for each in found
    ]  # fmt: skip
    return atom("聚沙 · 新项目", address("feed"), entries)


def progress_feed(_request: HttpRequest) -> HttpResponse:
    """The newest posts and reports of projects as an Atom feed, each in its newest version."""
    papers = [each for each in published(most=NEWEST) if each.project]
    shown = may_be_found().select_related("charity").filter(code__in={e.project for e in papers})
    projects = {each.code: each for each in shown}
    entries = [
        Entry(
            f"{projects[each.project].title_zh}：{each.title}",
            address("disclosure", each.project, each.kind, each.key.rpartition("/")[2]),
            each.words, projects[each.project].charity.name_zh, each.at,
        )
        for each in papers if each.project in projects
    ]  # fmt: skip
    return atom("聚沙 · 项目进展", address("progress-feed"), entries)


def atom(title: str, where: str, entries: Iterable[Entry]) -> HttpResponse:
    """A feed at the address `where`; what XML cannot hold is left out of its texts."""
    atom = Atom1Feed(
        title=title, link=address("open"), description="", language="zh-Hans",
        feed_url=where, feed_guid=where,
    )  # fmt: skip
    for each in entries:
        atom.add_item(
            title=_plain(each.title), link=each.page, description=_plain(each.text),
            author_name=_plain(each.author), unique_id=each.page, pubdate=each.at,
            updateddate=each.at,
        )  # fmt: skip
    response = HttpResponse(content_type="application/atom+xml; charset=utf-8")
    response["Cache-Control"] = A_MINUTE
    atom.write(response, "utf-8")
    return response


def _plain(text: str) -> str:
    """A text without what XML 1.0 cannot hold (its production Char)."""
    return "".join(
        each for each in text if (each >= " " or each in "\t\n\r") and each not in "\ufffe\uffff"
    )


def _size() -> int:
    newest = tlog.checkpoint()
    return newest.size if newest else 0

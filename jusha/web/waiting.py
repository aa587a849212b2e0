"""Keep the place, and what they chose, of those who pressed donate when too many do at once.

The choice stays with the donor: a sealed cookie holds the form and the moment of its arrival, so
nothing of it stands in an address, in a log or on this machine, and a restart loses nothing. The
waiting page asks again by itself, without a script, and goes on in order of arrival.
"""

import base64
import binascii
import secrets
import time
from threading import Lock
from typing import Final, NamedTuple

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse

from jusha.people.vault import SealBrokenError, load, seal, unseal
from jusha.web.waiting_rules import Line

COOKIE: Final = "jusha_line"
ABOUT: Final = b"line"
KEEP_SECONDS: Final = 7_200
COOKIE_MAX: Final = 3_600
"""Browsers keep 4,096 bytes; a form that is larger goes on at once, so that nothing is lost."""
DONE_MAX: Final = 10_000
LEFT_OUT: Final = ("csrfmiddlewaretoken",)
SEE_OTHER: Final = 303
Told = tuple[str, list[tuple[str, str]], str, int]


class Kept(NamedTuple):
    """What the cookie holds: for which project, the form, who, and since when."""

    code: str
    fields: list[tuple[str, str]]
    who: str
    arrived_ms: int

    @property
    def form(self) -> QueryDict:
        """The form as it was sent."""
        found = QueryDict(mutable=True)
        for name, value in self.fields:
            found.appendlist(name, value)
        return found

    @property
    def is_pressed(self) -> bool:
        """Whether it waits; if not, it had its turn and is being mended: its place is kept."""
        return bool(self.fields)


class Waiting:
    """This process's line, and where those went who pressed twice."""

    def __init__(self, *, a_second: int) -> None:
        self.line = Line(a_second=a_second, now_ms=now_ms())
        self._done: dict[str, str] = {}
        self._lock = Lock()

    def place(self, kept: Kept) -> int:
        """0: go on now; else the place in line."""
        return self.line.ask(kept.who, arrived_ms=kept.arrived_ms, now_ms=now_ms())

    def give_back(self) -> None:
        """Free the place of a choice that went on and made no order."""
        self.line.give_back()

    def leave(self, kept: Kept) -> None:
        """Hold no place for a choice that does not wait."""
        self.line.leave(kept.who, arrived_ms=kept.arrived_ms)

    def went(self, kept: Kept, address: str) -> None:
        """Remember where a choice led, so that it leads there once; the oldest are forgotten."""
        with self._lock:
            while len(self._done) >= DONE_MAX:
                del self._done[next(iter(self._done))]
            self._done[kept.who] = address

    def where(self, kept: Kept) -> str:
        """Where a choice led already; "" if nowhere yet."""
        return self._done.get(kept.who, "")


def now_ms() -> int:
    """Unix milliseconds: an arrival has a meaning after a restart too."""
    return time.time_ns() // 1_000_000


def keep(request: HttpRequest, code: str, waiting: Waiting) -> Kept:
    """What was pressed just now; mended after its turn, it keeps its arrival until it led on."""
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in LEFT_OUT
        for value in values
    ]
    before = kept(request, code)
    if before is not None and not before.is_pressed and not waiting.where(before):
        return before._replace(fields=fields)
    return Kept(code, fields, secrets.token_urlsafe(12), now_ms())


def kept(request: HttpRequest, code: str) -> Kept | None:
    """The choice that this browser keeps for a project; None without one, or an old one."""
    try:
        sealed = base64.urlsafe_b64decode(request.COOKIES.get(COOKIE, ""))
        plain = unseal(load(settings.HOME, "browser"), sealed, ABOUT)
        found = Kept(
            *msgspec.msgpack.decode(plain, type=tuple[str, list[tuple[str, str]], str, int])
        )
    except (SealBrokenError, binascii.Error, ValueError, msgspec.DecodeError):
        return None
    fresh = 0 <= now_ms() - found.arrived_ms < KEEP_SECONDS * 1_000
    return found if fresh and found.code == code else None


def to_line(request: HttpRequest, choice: Kept) -> HttpResponse | None:
    """Lead to the line, with the choice in a cookie; None if it does not fit into one."""
    sealed = _sealed(choice)
    if len(sealed) > COOKIE_MAX:
        return None
    answer = HttpResponseRedirect(reverse("line", args=(choice.code,)), status=SEE_OTHER)
    _give(request, answer, sealed)
    return answer


def keep_arrival(request: HttpRequest, answer: HttpResponse, choice: Kept) -> None:
    """Leave the browser its arrival: who has to mend a choice does not wait anew."""
    _give(request, answer, _sealed(choice._replace(fields=[])))


def _sealed(choice: Kept) -> str:
    plain = msgspec.msgpack.encode(tuple(choice))
    return base64.urlsafe_b64encode(seal(load(settings.HOME, "browser"), plain, ABOUT)).decode()


def _give(request: HttpRequest, answer: HttpResponse, sealed: str) -> None:
    answer.set_cookie(
        COOKIE, sealed, max_age=KEEP_SECONDS, httponly=True, samesite="Lax",
        secure=request.is_secure(),
    )  # fmt: skip


def forget(answer: HttpResponse) -> None:
    """Take the choice away from the browser: it led somewhere."""
    answer.delete_cookie(COOKIE, samesite="Lax")

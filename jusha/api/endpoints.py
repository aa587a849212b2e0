"""Every endpoint is a row: routing, rights, the 405's Allow and the document are read from it."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from jusha.api import orders, reads, rooms, shapes, webhooks
from jusha.api.problems import (
    ADDRESS_REFUSED,
    FACTS_CHANGED,
    FORBIDDEN,
    IN_FLIGHT,
    KEY_NEEDED,
    KEY_REUSED,
    LENGTH_REQUIRED,
    MALFORMED,
    NO_ROOM,
    NOT_OPEN,
    NOT_PAID,
    OPEN_CASE,
    REFUND_REFUSED,
    TOO_LARGE,
    TOO_MANY,
    UNAUTHENTIC,
    WRONG_TYPE,
    Problem,
)
from jusha.api.rules import Scope

PREFIX: Final = "/api/v1/"


class Endpoint(NamedTuple):
    """One method of one address.

    `scope` empty: anyone may ask, without a key. `keeps`: Cache-Control of a right answer.
    """

    method: str
    path: str
    verb: Callable[..., Any]
    shape: Any
    status: int = 200
    scope: str = ""
    tag: str = "read"
    refuses: tuple[Problem, ...] = ()
    keeps: str = "no-store"

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.verb.__name__

    @property
    def is_public(self) -> bool:
        """Whether anyone may ask."""
        return not self.scope


A_SECOND: Final = "public, max-age=1"
A_MINUTE: Final = "public, max-age=60"
BODY: Final = (MALFORMED, LENGTH_REQUIRED, TOO_LARGE, WRONG_TYPE)
WRITE: Final = (KEY_NEEDED, IN_FLIGHT, KEY_REUSED)
KEYED: Final = (UNAUTHENTIC, FORBIDDEN)


def _read(path: str, verb: Callable[..., Any], shape: Any, *, keeps: str = A_SECOND) -> Endpoint:
    return Endpoint("GET", path, verb, shape, keeps=keeps)


def _look(path: str, verb: Callable[..., Any], shape: Any, scope: str, tag: str) -> Endpoint:
    return Endpoint("GET", path, verb, shape, scope=scope, tag=tag, refuses=KEYED)


def _do(
    path: str,
    verb: Callable[..., Any],
    shape: Any,
    scope: str,
    tag: str,
    *refuses: Problem,
    status: int = 201,
    has_body: bool = True,
) -> Endpoint:
    told = (*KEYED, *WRITE, *(BODY if has_body else (MALFORMED, TOO_LARGE)), *refuses)
    return Endpoint("POST", path, verb, shape, status=status, scope=scope, tag=tag, refuses=told)


ENDPOINTS: Final = (
    _read("projects", reads.list_projects, shapes.Projects),
    _read("projects/{code}", reads.read_project, shapes.OneProject),
    _read("charities", reads.list_charities, shapes.Charities, keeps=A_MINUTE),
    _read("charities/{code}", reads.read_charity, shapes.CharityShape, keeps=A_MINUTE),
    _read("campaigns", reads.list_campaigns, shapes.Campaigns),
    _read("campaigns/{code}", reads.read_campaign, shapes.OneCampaign),
    _read("deeds/{number}", reads.read_deed, shapes.DeedShape),
    _read("deeds/{number}/proof", reads.read_proof, None, keeps=A_MINUTE),
    _read("checkpoint", reads.read_checkpoint, shapes.CheckpointShape),
    _do(
        "orders", orders.create_order, shapes.Placed, Scope.ORDERS, "orders", NOT_OPEN,
        NO_ROOM, FACTS_CHANGED,
    ),
    _look("orders/{number}", orders.read_order, shapes.OrderShape, Scope.ORDERS, "orders"),
    _do(
        "orders/{number}/refund-requests", orders.create_refund_request, shapes.RefundStands,
        Scope.REFUNDS, "orders", NOT_PAID, OPEN_CASE, REFUND_REFUSED,
    ),
    _do(
        "orders/{number}/erasure", orders.erase_order, shapes.Erased, Scope.ORDERS, "orders",
        status=200, has_body=False,
    ),
    _do(
        "rooms", rooms.create_room, shapes.RoomHeld, Scope.ORDERS, "orders", NOT_OPEN, NO_ROOM,
    ),
    Endpoint(
        "DELETE", "rooms/{room}", rooms.end_room, None, status=204, scope=Scope.ORDERS,
        tag="orders", refuses=KEYED,
    ),
    _look("webhooks", webhooks.list_webhooks, shapes.Hooks, Scope.WEBHOOKS, "webhooks"),
    _do(
        "webhooks", webhooks.create_webhook, shapes.HookMade, Scope.WEBHOOKS, "webhooks",
        ADDRESS_REFUSED, TOO_MANY,
    ),
    _look("webhooks/{webhook}", webhooks.read_webhook, shapes.OneHook, Scope.WEBHOOKS, "webhooks"),
    Endpoint(
        "DELETE", "webhooks/{webhook}", webhooks.delete_webhook, None, status=204,
        scope=Scope.WEBHOOKS, tag="webhooks", refuses=KEYED,
    ),
    _do(
        "webhooks/{webhook}/resume", webhooks.resume_webhook, shapes.HookShape, Scope.WEBHOOKS,
        "webhooks", status=200, has_body=False,
    ),
    _do(
        "webhooks/{webhook}/secret", webhooks.rotate_secret, shapes.HookMade, Scope.WEBHOOKS,
        "webhooks", has_body=False,
    ),
)  # fmt: skip


def of_path(path: str) -> dict[str, Endpoint]:
    """The endpoints of one address, by method."""
    return {each.method: each for each in ENDPOINTS if each.path == path}

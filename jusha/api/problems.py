"""How the API says no: RFC 9457 problem documents, worded as the door's.

Every problem says what happened, what is safe, and what to do next. docs/api.md lists them, and a
test holds it to this list.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

TYPE: Final = "application/problem+json"


class Problem(NamedTuple):
    """One kind of refusal. `code` ends the problem's type, `urn:jusha:problem:<code>`."""

    status: int
    code: str
    title: str
    detail: str


class Wrong(NamedTuple):
    """One thing that is wrong with a request: where it stands, and what is the matter."""

    at: str
    said: str


class RefusedError(Exception):
    """A request that is not done: the problem, what to tell beyond it, headers of the answer."""

    def __init__(
        self,
        problem: Problem,
        detail: str = "",
        *,
        errors: Sequence[Wrong] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(problem.code)
        self.problem, self.detail, self.errors = problem, detail, tuple(errors)
        self.headers = dict(headers or {})


MALFORMED: Final = Problem(
    400,
    "malformed",
    "The request cannot be read",
    "Nothing was done. Send JSON in UTF-8, each name once, numbers as numbers.",
)
KEY_NEEDED: Final = Problem(
    400,
    "idempotency-key-needed",
    "A POST needs one Idempotency-Key",
    "Nothing was done. Send a new random key of 8 to 255 visible characters, and the same key with"
    " each repeat of this request.",
)
UNAUTHENTIC: Final = Problem(
    401,
    "unauthentic",
    "No key, or none that holds",
    "Nothing was done. Send 'Authorization: Bearer' and your key; if it was revoked, ask the"
    " operator for a new one.",
)
FORBIDDEN: Final = Problem(
    403,
    "forbidden",
    "The key does not reach so far",
    "Nothing was done. Ask the operator for a key with this scope or charity.",
)
NOT_FOUND: Final = Problem(
    404,
    "not-found",
    "There is nothing at this address",
    "Nothing was done. The addresses stand in /api/v1/openapi.json; codes and numbers must exist,"
    " and orders and webhooks must be your own.",
)
WRONG_METHOD: Final = Problem(
    405,
    "wrong-method",
    "This address does not take this method",
    "Nothing was done. The header Allow says which it takes.",
)
IN_FLIGHT: Final = Problem(
    409,
    "in-flight",
    "A request with this Idempotency-Key is being worked on",
    "Nothing was done twice. Send the same request again in a moment: it gets the first one's"
    " answer.",
)
OPEN_CASE: Final = Problem(
    409,
    "open-case",
    "Somebody has asked for this gift back already",
    "Nothing was done. Wait until that case is decided; the order shows how it stands.",
)
NOT_PAID: Final = Problem(
    409,
    "not-paid",
    "Nothing has paid this order",
    "Nothing was done. There is no money to send back; an order that nobody pays ends by itself.",
)
NOT_OPEN: Final = Problem(
    409,
    "not-open",
    "No gift can be ordered here now",
    "Nothing was done. The project takes no gifts, or the campaign is not open for it; read both"
    " and ask again.",
)
NO_ROOM: Final = Problem(
    409,
    "no-room",
    "The project stops at its target, and has less room than that",
    "Nothing was done. Ask for less, or again in a moment: what others hold and do not pay comes"
    " back within fifteen minutes.",
)
FACTS_CHANGED: Final = Problem(
    409,
    "facts-changed",
    "The project's facts are others than the donor was shown",
    "Nothing was done. Read the project, show the donor its facts, and ask again with their"
    " version.",
)
LENGTH_REQUIRED: Final = Problem(
    411,
    "length-required",
    "No Content-Length",
    "Nothing was done. Send the body in one piece, with its length.",
)
TOO_LARGE: Final = Problem(
    413, "too-large", "The body is too large", "Nothing was done. A body has at most 16,384 bytes."
)
WRONG_TYPE: Final = Problem(
    415,
    "wrong-type",
    "The body is not declared as JSON",
    "Nothing was done. Send 'Content-Type: application/json'.",
)
UNREADABLE: Final = Problem(
    422,
    "unreadable",
    "The request is not what the document says",
    "Nothing was done. Correct what 'errors' names and send it again.",
)
KEY_REUSED: Final = Problem(
    422,
    "idempotency-key-reused",
    "This Idempotency-Key belongs to another request",
    "Nothing was done now; what was done with the key first stands. Send this request with a key of"
    " its own.",
)
ADDRESS_REFUSED: Final = Problem(
    422,
    "address-refused",
    "This address is never called",
    "Nothing was done. Give an https address on port 443 whose host is public"
    " and, where the operator keeps a list, on it.",
)
TOO_MANY: Final = Problem(
    422,
    "too-many",
    "There are as many of these as there may be",
    "Nothing was done. Take one away first.",
)
REFUND_REFUSED: Final = Problem(
    422,
    "refund-refused",
    "This refund cannot be asked for",
    "Nothing was done. 'errors' says why; read what is left of the gift and ask for that.",
)
TOO_FAST: Final = Problem(
    429,
    "too-fast",
    "More requests than the limit allows",
    "Nothing was done. Wait as many seconds as Retry-After says, then send the same request again.",
)
INTERNAL: Final = Problem(
    500,
    "internal",
    "Something is wrong here, and it is ours",
    "It may or may not have been done. Send the same request again with the same Idempotency-Key: a"
    " repeat does nothing twice. If it stays, tell the operator the time.",
)
UNSURE: Final = Problem(
    503,
    "unsure",
    "The database did not answer",
    "It may or may not have been done. Send the same request again in a moment, with the same"
    " Idempotency-Key: a repeat does nothing twice.",
)
PROBLEMS: Final = (
    MALFORMED, KEY_NEEDED, UNAUTHENTIC, FORBIDDEN, NOT_FOUND, WRONG_METHOD, IN_FLIGHT, OPEN_CASE,
    NOT_PAID, NOT_OPEN, NO_ROOM, FACTS_CHANGED, LENGTH_REQUIRED, TOO_LARGE, WRONG_TYPE, UNREADABLE,
    KEY_REUSED, ADDRESS_REFUSED, TOO_MANY, REFUND_REFUSED, TOO_FAST, INTERNAL, UNSURE,
)  # fmt: skip
ANYWHERE: Final = (MALFORMED, NOT_FOUND, WRONG_METHOD, UNREADABLE, TOO_FAST, INTERNAL, UNSURE)
"""What every address may answer."""


def document(problem: Problem, detail: str = "", *, errors: Sequence[Wrong] = ()) -> dict[str, Any]:
    """The problem document as a mapping."""
    told: dict[str, Any] = {
        "type": f"urn:jusha:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": f"{detail}. {problem.detail}" if detail else problem.detail,
    }
    if errors:
        told["errors"] = [{"at": each.at, "detail": each.said} for each in errors]
    return told


def body(problem: Problem, detail: str = "", *, errors: Sequence[Wrong] = ()) -> bytes:
    """The problem document as bytes; ASCII, so that no text of a request can break it."""
    return json.dumps(document(problem, detail, errors=errors)).encode("ascii")

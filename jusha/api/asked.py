"""A request as the API's verbs see it: with its key, and a body that was read already."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any, Final, cast

from django.http import HttpRequest
from ninja import Path, Query
from pydantic import Field

from jusha.api.models import ApiKey
from jusha.api.problems import FORBIDDEN, UNREADABLE, RefusedError, Wrong
from jusha.api.shapes import CODE, CURSOR, NUMBER, ORDER, PUBLIC

PAGE_MOST: Final = 100

CodePath = Annotated[str, Path(pattern=CODE, max_length=40)]
NumberPath = Annotated[str, Path(pattern=NUMBER)]
OrderPath = Annotated[str, Path(pattern=ORDER)]
RoomPath = Annotated[str, Path(pattern=NUMBER)]
HookPath = Annotated[str, Path(pattern=PUBLIC)]
CursorQuery = Annotated[str | None, Query(pattern=CURSOR, description="`next` of the page before")]
LimitQuery = Annotated[int, Query(ge=1, le=PAGE_MOST, description="items on a page")]
CodeQuery = Annotated[str | None, Query(pattern=CODE, max_length=40)]
CodeText = Annotated[str, Field(pattern=CODE)]


class ApiRequest(HttpRequest):
    """What the edge has found out before a verb is called."""

    api_key: ApiKey | None
    api_body: Any


def key_of(request: ApiRequest) -> ApiKey:
    """The key of a request to an address that needs one."""
    return cast("ApiKey", request.api_key)


def check_charity(key: ApiKey, charity: str) -> None:
    """Raise RefusedError unless the key is for this charity."""
    if charity not in key.charities:
        raise RefusedError(FORBIDDEN, f"this key is not for the charity {charity}")


def cursor_after(cursor: str | None) -> str:
    """The code that a page begins behind; "" for the first. Raises RefusedError."""
    if cursor is None:
        return ""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return urlsafe_b64decode(padded.encode()).decode("ascii")
    except ValueError as error:
        wrong = Wrong("query/cursor", "is no cursor of ours")
        raise RefusedError(UNREADABLE, errors=[wrong]) from error


def cursor_of(code: str) -> str:
    """The cursor of the page behind a code."""
    return urlsafe_b64encode(code.encode()).decode().rstrip("=")

"""Refuse text that no column can keep, before any page has to think of it."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase

NULL = "\0"


class PlainText:
    """Answers 400 to an address or a form with a null character, which PostgreSQL cannot keep.

    No keyboard writes one; without this it would be an error of ours (500) on every page that asks
    the database for what was typed. Files are not looked at.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        """Look at what was sent. Raises BadRequest (400)."""
        if _holds_null(request.GET) or (request.method == "POST" and _holds_null(request.POST)):
            raise BadRequest("null character")
        return None


def _holds_null(sent: QueryDict) -> bool:
    return any(NULL in name or any(NULL in each for each in texts) for name, texts in sent.lists())

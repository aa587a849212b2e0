"""Keys are made by two persons, shown once, and hold until somebody revokes them."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command

from jusha.api.keys import KeyRefusedError, find_key, make_key, revoke_key
from jusha.api.models import ApiKey
from tests.api.conftest import Api
from tests.web.conftest import Site

MAKE: dict[str, Any] = {
    "name": "App", "charity_codes": ["shan"], "scopes": ["orders"], "by": "li", "second": "wang",
}  # fmt: skip


def run(*words: str) -> str:
    said = StringIO()
    call_command("api_key", *words, stdout=said)
    return said.getvalue()


def test_a_key_is_found_by_all_of_it_and_only_while_it_holds(api: Api) -> None:
    made = make_key(**MAKE)
    assert find_key(made.whole) == made.row
    for wrong in ("", made.whole[:-1], made.whole + "x", made.whole.swapcase(), "jsk__"):
        assert find_key(wrong) is None
    assert made.whole.split("_", 2)[2].encode() not in bytes(made.row.digest)
    revoke_key(public=made.row.public, by="li", now=datetime.now(UTC))
    assert find_key(made.whole) is None
    with pytest.raises(KeyRefusedError):
        revoke_key(public=made.row.public, by="li", now=datetime.now(UTC))


WRONG: tuple[dict[str, Any], ...] = (
    {"by": ""},
    {"second": "li"},
    {"name": ""},
    {"name": "x" * 81},
    {"scopes": []},
    {"scopes": ["everything"]},
    {"charity_codes": []},
    {"charity_codes": ["nobody"]},
)


def test_a_key_that_nobody_should_have_is_not_made(api: Api) -> None:
    for wrong in WRONG:
        with pytest.raises(KeyRefusedError):
            make_key(**MAKE | wrong)
    assert ApiKey.objects.count() == 0


def test_the_command_makes_lists_and_revokes(api: Api) -> None:
    said = run("create", "App", "--charity", "shan", "--by", "li", "--second", "wang")
    whole = said.strip().splitlines()[-1]
    key = find_key(whole)
    assert key is not None
    assert key.scopes == ["orders"]
    listed = run()
    assert "App" in listed
    assert whole.split("_", 2)[2] not in listed
    run("revoke", key.public, "--by", "li")
    assert "revoked" in run()
    with pytest.raises(CommandError):
        run("create", "App", "--charity", "shan", "--by", "li")


def test_pages_cannot_make_keys(site: Site) -> None:
    for statement in (
        "UPDATE jusha_apikey SET charities = '[]'",
        "DELETE FROM jusha_apikey",
        "INSERT INTO jusha_apikey DEFAULT VALUES",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            site.house.web.execute(statement)

"""docs/door.md is what partners build from: its example, tables and limits are the code's."""

import re
from pathlib import Path
from textwrap import dedent

import msgspec

from jusha.door import app, intake
from jusha.door.connection import (
    AHEAD_MAX,
    BODY,
    CONNECTIONS_MAX,
    HEAD,
    PATIENCE_SECONDS,
    REQUEST,
)
from jusha.door.messages import BATCH_MAX, BODY_MAX, PATHS, DeedMessage, Keys, OrderMessage
from jusha.door.notices import BODY_MAX as NOTICE_BODY_MAX
from jusha.door.problems import PROBLEMS
from jusha.door.signature import WINDOW_SECONDS, is_authentic
from jusha.inbox.envelopes import Deed
from jusha.money.assets import AMOUNT_MAX
from jusha.payments.rails.config import NOTICE_PATH
from jusha_sandbox.wire import signed_headers

PAGE = (Path(__file__).parents[2] / "docs" / "door.md").read_text("utf-8")


def block(after: str) -> str:
    """The first indented block behind a line of the page."""
    found = re.search(rf"^{after}[^\n]*:\n\n((?:    [^\n]*\n)+)", PAGE, re.MULTILINE)
    assert found, after
    return dedent(found[1]).rstrip("\n")


def test_the_worked_example_is_authentic_and_a_gift_of_twenty_yuan() -> None:
    secret, body = bytes.fromhex(block(r"Secret \(hex\)")), block("Body").encode()
    head = dict(line.split(": ", 1) for line in block("Request").split("\n")[1:])
    line = block("Request").split("\n")[0]
    assert line == "POST /door/v1/deeds HTTP/1.1"
    parts = {"method": "POST", "path": "/door/v1/deeds"}
    parts |= {"channel": head["Jusha-Channel"], "timestamp": head["Jusha-Timestamp"]}
    assert is_authentic(secret, head["Jusha-Signature"], **parts, body=body)
    assert block("Signed text").encode() == (
        "\n".join(["jusha-hmac-v1", *parts.values(), ""]).encode() + body
    )
    assert head["Content-Length"] == str(len(body))
    assert f"Body, {len(body)} bytes:" in PAGE
    (deed,) = Keys(deed=secret, person=secret).read("/door/v1/deeds", "demo", body)
    assert isinstance(deed, Deed)
    assert (deed.amount, deed.asset, deed.project) == (2_000, "CNY", "shan-books")


def test_the_sandbox_client_signs_as_the_page_says() -> None:
    secret = bytes(range(32))
    headers = signed_headers(secret, path="/door/v1/orders", channel="demo", body=b"{}")
    assert is_authentic(
        secret,
        headers["jusha-signature"],
        method="POST",
        path="/door/v1/orders",
        channel="demo",
        timestamp=headers["jusha-timestamp"],
        body=b"{}",
    )


def test_every_problem_stands_in_the_table_with_its_status() -> None:
    rows = set(re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", PAGE, re.MULTILINE))
    assert rows == {(str(problem.status), problem.code) for problem in PROBLEMS}


def test_every_address_stands_in_the_table_with_its_limit() -> None:
    rows = re.findall(r"^\| `POST (\S+)` \|.*?([\d,]+) bytes \|$", PAGE, re.MULTILINE)
    assert {path: int(bytes_max.replace(",", "")) for path, bytes_max in rows} == BODY_MAX | {
        NOTICE_PATH + "<rail>": max(NOTICE_BODY_MAX.values())
    }
    assert {path for path, _ in rows if NOTICE_PATH not in path} == PATHS.keys()
    assert app.HEALTH in PAGE


def test_every_field_is_explained_and_says_whether_it_is_required() -> None:
    for title, kind in (("A deed", DeedMessage), ("An order", OrderMessage)):
        section = PAGE.split(f"### {title}\n")[1].split("\n### ")[0]
        rows = re.findall(r"^\| `(\w+)` \| (required)? *\|", section, re.MULTILINE)
        fields = msgspec.structs.fields(kind)
        assert rows == [(f.name, "required" if f.required else "") for f in fields]


def test_the_numbers_of_the_page_are_the_codes() -> None:
    assert f"at most {WINDOW_SECONDS} seconds" in PAGE
    assert f"{BATCH_MAX:,} deeds" in PAGE
    assert f"1 to {AMOUNT_MAX:,}, in fen" in PAGE
    assert f"{intake.WAITING_MAX:,} messages wait" in PAGE
    head, body, idle = (PATIENCE_SECONDS[phase] for phase in (HEAD, BODY, REQUEST))
    said = PAGE.replace("\n", " ")
    assert f"A head must come within {head} seconds, a body within {body} seconds" in said
    assert f"the next request within {idle};" in said
    assert f"at most {AHEAD_MAX} are taken ahead of an answer" in said
    assert f"At most {CONNECTIONS_MAX:,} connections" in said

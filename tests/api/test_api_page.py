"""What docs/api.md shows can be typed: its curl lines are asked, its answers have these names."""

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.test import Client

from jusha.api.models import ApiOrder, HookEvent
from jusha.api.rules import KINDS, SCOPES
from jusha.api.tell import tell
from jusha.payments.target_rooms import follow_rooms
from jusha.projects.models import Project
from tests.api.conftest import Api
from tests.cast import BOOKS

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text("utf-8")
BASE = "http://127.0.0.1:8000"
FACTS = "5d1f0c7e9ab2"


def blocks() -> list[list[str]]:
    """The indented blocks, each as its lines with continued ones joined."""
    found = re.findall(r"(?:^    [^\n]*\n)+", DOCS, re.MULTILINE)
    return [
        re.sub(r"\s*\\\n\s*", " ", re.sub("^    ", "", each, flags=re.MULTILINE)).splitlines()
        for each in found
    ]


def curl(line: str, key: str) -> Any:
    """Ask what a curl line asks."""
    words = shlex.split(line.replace("$KEY", key))[1:]
    url = next(each for each in words if each.startswith(BASE))
    pairs = [words[n + 1].split(": ", 1) for n, each in enumerate(words) if each == "-H"]
    headers = {name.lower(): value for name, value in pairs}
    path = url.removeprefix(BASE)
    if "-X" in words:
        return Client().generic(
            words[words.index("-X") + 1], path, content_type="", headers=headers
        )
    if "-d" not in words:
        return Client().get(path, headers=headers)
    body = words[words.index("-d") + 1]
    return Client().post(path, body, content_type=headers.pop("content-type"), headers=headers)


def said(line: str, told: dict[str, str]) -> str:
    """A line of the page with what differs from house to house put in."""
    for shown, real in told.items():
        line = line.replace(shown, real)
    return line


def test_every_curl_line_gets_what_the_page_shows(api: Api) -> None:
    api.site.publish()
    Project.objects.filter(code=BOOKS).update(hard_target=True)
    follow_rooms(api.house.web, datetime.now(UTC))
    key, asked = api.caller().whole, 0
    facts = api.anyone.get(f"projects/{BOOKS}").json()["facts"]["version"]
    shown: list[Any] = []
    for block in blocks():
        if block[0].startswith("curl"):
            placed = ApiOrder.objects.values_list("order_no", flat=True).first()
            told = {"202611230000000001": str(placed), FACTS: facts}
            lines = [said(line, told) for line in block]
            answers = [curl(line, key) for line in lines]
            assert all(each.status_code in {200, 201} for each in answers), block
            asked += len(answers)
            shown.append(answers[-1])
        elif block[0].startswith('{"') and shown:
            told = json.loads("".join(block).replace("…", ""))
            if "type" not in told:
                assert set(shown[-1].json()) == set(told)
    assert asked == 8


def test_the_event_on_the_page_has_the_fields_of_a_real_one(api: Api) -> None:
    caller = api.caller()
    hook = {"url": "http://127.0.0.1:9/x", "kinds": ["gift.settled"]}
    caller.post("webhooks", hook)
    api.house.give(700)
    api.site.publish()
    tell(datetime.now(UTC))
    page = next(json.loads("".join(b)) for b in blocks() if '"type"' in b[0])
    real = json.loads(bytes(HookEvent.objects.get().body))
    assert (set(page), set(page["data"])) == (set(real), set(real["data"]))


def test_the_commands_on_the_page_run(api: Api) -> None:
    lines = [line for block in blocks() for line in block if line.startswith("jusha api_key")]
    assert len(lines) == 3
    for line in lines[:2]:
        call_command(*shlex.split(line)[1:])


def test_the_page_names_every_scope_and_kind() -> None:
    assert set(re.findall(r"^\| `([a-z]+)` \| (?:place|ask|keep|its)", DOCS, re.MULTILINE)) == set(
        SCOPES
    )
    assert set(re.findall(r"^\| `([a-z]+\.[a-z]+)` \|", DOCS, re.MULTILINE)) == set(KINDS)

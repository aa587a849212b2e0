"""`jusha rule`: a person reads what a rule says before it binds anybody."""

import json
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from jusha.matching.document import read_document
from jusha.matching.rules import terms_hash
from jusha.merkle.encoding import decode64
from jusha.settlement.secrets import Secrets
from tests.management.conftest import Console

RULE = """
title_zh = "一比一"
title_en = "One to one"
[gives]
kind = "ratio"
numerator = 1
denominator = 1
[window]
from_minute = 600
to_minute = 1320
budget = 5_000_000
[caps]
gift = 20_000
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "rule.toml"
    path.write_text(RULE, "utf-8")
    return path


def test_check_says_what_a_rule_means_in_both_languages_and_its_hash(
    console: Console, document: Path
) -> None:
    said = console.run("rule", "check", str(document))
    assert "每捐 1 元配 1 元" in said
    assert "Each ¥1 given is matched with ¥1" in said
    assert "每天 10:00 至 22:00" in said
    assert "一比一" in said
    assert f"SHA-256  {terms_hash(read_document(RULE))}" in said


def test_check_names_the_field_and_the_line(console: Console, document: Path) -> None:
    document.write_text(RULE.replace("gift = 20_000", 'gift = "much"'))
    with pytest.raises(CommandError, match=r"line 13: caps\.gift: expected int, got str"):
        console.run("rule", "check", str(document))


def test_a_file_that_is_not_there_is_one_sentence(console: Console, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        console.run("rule", "check", str(tmp_path / "nowhere.toml"))


def test_publish_puts_the_rule_through_the_inbox_and_lists_it(
    console: Console, document: Path
) -> None:
    console.house.furnish()
    words = ("publish", str(document), "--code", "R2", "--pool", "tree")
    people = ("--from", "2030-01-01T00:00Z", "--by", "li", "--second", "wang")
    said = console.run("rule", *words, *people, settling=True)
    entry = console.house.entries()[-1]
    assert f"Published as R2.1, entry {entry['n']} of the log." in said
    assert entry["h"] == terms_hash(read_document(RULE))
    listed = console.run("rule", "list")
    assert listed.splitlines()[0].startswith("R1.1 ")
    assert "R2.1       from 2030-01-01T00:00Z  pool tree" in listed
    shown = console.run("rule", "show", "R2.1")
    assert "pool tree of Tree Ltd" in shown
    assert read_document(shown[shown.index("# SHA-256") :]) == read_document(RULE)
    console.house.check()


def test_publish_tells_why_settlement_refused(console: Console, document: Path) -> None:
    console.house.furnish()
    words = ("rule", "publish", str(document), "--code", "R2", "--from", "2030-01-01T00:00Z")
    with pytest.raises(CommandError, match=r"needs-two-persons"):
        console.run(*words, "--pool", "tree", "--by", "li", "--second", "li", settling=True)
    with pytest.raises(CommandError, match=r"unknown-pool \(given: sea\)"):
        console.run(*words, "--pool", "sea", "--by", "li", "--second", "wang", settling=True)
    assert [entry["r"] for entry in console.house.entries() if entry["k"] == "rule"] == ["R1.1"]


def test_publish_says_that_an_answer_is_still_to_come(
    console: Console, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.house.furnish()
    monkeypatch.setattr("jusha.inbox.instruct.WAIT_SECONDS", 0.0)
    words = ("rule", "publish", str(document), "--code", "R2", "--from", "2030-01-01T00:00Z")
    with pytest.raises(CommandError, match="has not answered yet") as refusal:
        console.run(*words, "--pool", "tree", "--by", "li", "--second", "wang")
    assert refusal.value.returncode == 2


def test_nothing_published_and_unknown_names_are_said_so(console: Console) -> None:
    assert console.run("rule", "list") == "No rule was published yet.\n"
    for name in ("R9.1", "R1", "R1.01", "R1.x", "R1.99999999999"):
        with pytest.raises(CommandError, match="There is no rule"):
            console.run("rule", "show", name)


def test_a_surprise_is_kept_as_canonical_json_and_only_its_hash_is_told(
    console: Console, tmp_path: Path
) -> None:
    times = ("--from", "2026-09-09T01:00Z", "--to", "2026-09-09T02:00Z")
    said = console.run("rule", "surprise", *times)
    digest = decode64(said.rpartition("surprise = ")[2].strip().strip('"'))
    kept = Secrets(tmp_path / "secrets" / "match")[digest]
    fields = json.loads(kept)
    assert list(fields) == ["from", "salt", "to"]
    assert (fields["from"], fields["to"]) == ("2026-09-09T01:00Z", "2026-09-09T02:00Z")
    assert len(decode64(fields["salt"])) == 16
    assert kept == json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    again = console.run("rule", "surprise", *times)
    assert again.splitlines()[-1] != said.splitlines()[-1]


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        ("2026-09-09T02:00Z", "2026-09-09T02:00Z", "ends after it begins"),
        ("yesterday", "2026-09-09T02:00Z", "yesterday is not a UTC minute"),
    ],
)
def test_a_surprise_with_impossible_times_is_refused(
    console: Console, tmp_path: Path, start: str, end: str, why: str
) -> None:
    with pytest.raises(CommandError, match=why):
        console.run("rule", "surprise", "--from", start, "--to", end)
    assert not (tmp_path / "secrets").exists()

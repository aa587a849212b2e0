"""The stranger's recomputation: equal to what settlement decided, and no lie goes unnamed."""

import base64
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from jusha.inbox.envelopes import NO_PERSON
from tests.cast import ALICE, ALWAYS, BOB, BOOKS, CAROL, WATER, WHOLE_DAY, House, ratio
from tests.verify.logs import VKEY, both_ways, canonical, tables_of, write_log
from verify import recompute

SCRIPT = Path(recompute.__file__)
NOON = 1_757_390_400  # 2025-09-09 12:00 in Shanghai
DAY = "2025-09-09"
SALT = b"a salt of this seal, 32 bytes..."


def furnish_richly(house: House) -> None:
    """A day with every bound but the pool's, refunds, holds and seals in it."""
    house.furnish(
        rule=ratio(budget=6_000, person_day_max=1_500, gift_max=1_200),
        channel={"clock": "file", "draw_max": 5_000},
    )
    house.rule(
        ratio(budget=7_000, person_day_max=1_000, denominator=3),
        code="R2",
        from_="2020-01-01T00:00Z",
    )
    at = {"paid_at": NOON}
    refundable = house.give(700, BOOKS, ALICE, **at)
    house.give(700, WATER, ALICE, **at)
    house.give(700, WATER, ALICE, **at)
    house.give(5_000, BOOKS, BOB, **at)
    house.give(50, BOOKS, BOB, **at)
    house.give(999, BOOKS, NO_PERSON, **at)
    house.give(900, WATER, CAROL, paid_at=NOON + 60)
    house.give(300, "nowhere", CAROL, **at)
    house.give(4_000, BOOKS, CAROL, asset="USD", **at)
    house.give(800, BOOKS, CAROL, campaign="", **at)
    for number in range(12):
        house.give(600, BOOKS, bytes([number + 1]) * 16, paid_at=NOON + 120)
    body: dict[str, Any] = {"channel": "partner", "day": DAY, "amount": 1_000}
    assert house.instruct("reconciled", **body)[0] == "done"
    house.give(700, BOOKS, bytes([99]) * 16, paid_at=NOON + 180)
    for amount in (200, 133, 67):
        assert house.instruct("refund", deed=refundable, amount=amount, reason="x")[0] == "done"
    assert house.instruct("seal", campaign="day")[0] == "done"
    assert house.instruct("seal", campaign="day", day=DAY, salt=SALT)[0] == "done"


def check(folder: str, **more: str) -> dict[str, Any]:
    return both_ways(folder, **more)


def told(found: dict[str, Any]) -> list[tuple[int, str]]:
    return [(each["entry"], each["what"]) for each in found["differences"]]


@pytest.fixture
def rich(house: House) -> House:
    furnish_richly(house)
    return house


Lie = Callable[..., list[tuple[int, str]]]


@pytest.fixture
def lie(rich: House, tmp_path: Path) -> Lie:
    """Writes the log with changed entries or tables, and returns the differences found."""

    def tell(entries: list[dict[str, Any]], tables: dict[bytes, bytes] | None = None) -> Any:
        folder = write_log(
            tmp_path, [canonical(entry) for entry in entries], tables or tables_of(rich)
        )
        return told(check(folder))

    return tell


def place(entries: list[dict[str, Any]], **wanted: Any) -> Any:
    """The number of the first entry with a match that has these fields."""
    return next(
        entry["n"]
        for entry in entries
        for m in entry.get("m", ())
        if entry["k"] == "don" and wanted.items() <= m.items()
    )


def test_a_rich_day_is_equal(rich: House, tmp_path: Path) -> None:
    entries = rich.entries()
    found = check(write_log(tmp_path, [canonical(e) for e in entries], tables_of(rich)))
    assert (found["equal"], told(found)) == (True, [])
    assert found["entries"]["don"] == sum(e["k"] == "don" for e in entries)
    assert {"rule", "gift", "person-day", "channel", "no-person", "too-small"} <= set(found["by"])
    assert found["days_not_sealed"] == []
    seal = next(e for e in reversed(entries) if e["k"] == "seal")
    assert found["campaigns"]["day"] == seal["sums"]
    assert found["pools"]["tree"]["used_on_day"] == found["pools"]["tree"]["matched"]


def test_windows_pools_and_new_versions_are_recomputed(house: House, tmp_path: Path) -> None:
    house.furnish(pool=5_000, rule=ratio(budget=2_000), channel={"clock": "file"})
    for at in (NOON, NOON + 60, NOON + 86_400, NOON + 2 * 86_400, NOON + 3 * 86_400):
        house.give(1_500, paid_at=at)
    house.rule(ratio(budget=100) | {"window": WHOLE_DAY | {"budget": 1, "to_minute": 60}},
               from_="2090-01-01T00:00Z")  # fmt: skip
    house.fund(900)
    house.give(1_500, paid_at=NOON + 3 * 86_400)
    house.give(1_500, paid_at=3_792_000_000)
    assert house.instruct("close-project", code=WATER)[0] == "done"
    found = check(write_log(tmp_path, [canonical(e) for e in house.entries()], {}))
    assert told(found) == []
    assert {"window", "pool", "outside-window"} <= set(found["by"])


def test_a_budget_lowered_below_what_was_given_takes_nothing_back(
    house: House, tmp_path: Path
) -> None:
    house.furnish(rule=ratio(budget=2_000, person_day_max=1_800), channel={"clock": "file"})
    at = 3_792_000_000
    house.give(1_700, paid_at=at - 120)
    house.rule(ratio(budget=1_000, person_day_max=500), from_="2090-02-28T21:19Z")
    house.give(1_700, paid_at=at)
    house.give(1_700, BOOKS, BOB, paid_at=at)
    entries = house.entries()
    assert [m["by"] for e in entries[-2:] for m in e["m"]] == ["person-day", "window"]
    assert told(check(write_log(tmp_path, [canonical(e) for e in entries], {}))) == []


def test_more_than_one_bundle_is_read_and_hashed(house: House, tmp_path: Path) -> None:
    house.furnish(rule=ratio(person_day_max=5_000))
    house.send(*(house.deed(100 + n, BOOKS, bytes([n % 9 + 1]) * 16) for n in range(900)))
    house.settle()
    assert house.instruct("refund", deed=20, amount=7, reason="x")[0] == "done"
    house.instruct("seal", campaign="day")
    found = check(write_log(tmp_path, [canonical(e) for e in house.entries()], {}))
    assert told(found) == []
    assert found["size"] > 3 * 256


def test_a_match_one_fen_higher_is_named(rich: House, lie: Lie) -> None:
    entries = rich.entries()
    at = place(entries, by="rule")
    entries[at]["m"][0]["amt"] += 1
    assert (at, "match by R1.1: 700 by rule, not 701 by rule") in lie(entries)


def test_more_reconciled_than_was_drawn_is_named(rich: House, lie: Lie) -> None:
    entries = rich.entries()
    at = next(e["n"] for e in entries if e["k"] == "reconciled")
    entries[at]["amt"] = 5_001
    assert lie(entries)[0] == (at, "5001 reconciled of 5000 drawn")


def test_a_bound_that_was_not_the_one_is_named(rich: House, lie: Lie) -> None:
    entries = rich.entries()
    at = place(entries, by="gift")
    entries[at]["m"][0]["by"] = "channel"
    assert lie(entries) == [(at, "match by R1.1: 1200 by gift, not 1200 by channel")]


def test_a_person_cut_although_the_rule_gave_less_is_named(rich: House, lie: Lie) -> None:
    entries = rich.entries()
    at = place(entries, by="rule")
    entries[at]["m"][0]["by"] = "person-day"
    assert lie(entries)[0] == (
        at, "match by R1.1: 700 by person-day, but the rule itself gives 700",
    )  # fmt: skip


def test_a_person_cut_whom_no_row_of_the_day_can_be_is_named(rich: House, lie: Lie) -> None:
    entries = rich.entries()
    names = [e["n"] for e in entries if e.get("amt") == 600 and e.get("m", [{}])[0].get("amt")]
    for at in names[:4]:
        entries[at]["m"][0] |= {"amt": 100, "by": "person-day"}
    said = [text for _, text in lie(entries)]
    assert any("were cut at 1500, but" in text for text in said)


def test_one_tag_given_more_than_the_cap_is_named(house: House, tmp_path: Path) -> None:
    house.furnish(rule=ratio(person_day_max=1_000))
    house.give(900)
    at = house.give(900)
    entries = house.entries()
    entries[at]["m"][0] |= {"amt": 900, "by": "rule"}
    found = check(write_log(tmp_path, [canonical(e) for e in entries], {}))
    assert told(found) == [
        (at, "match by R1.1: one tag had 900 of 1000 that day and is given 900 by rule")
    ]


def test_a_changed_sum_in_a_seal_is_named(rich: House, lie: Lie) -> None:
    entries = rich.entries()
    entries[-1]["sums"][BOOKS]["don"] += 1
    found = lie(entries)
    assert [at for at, _ in found] == [entries[-1]["n"]]
    assert found[0][1].startswith(f"sealed totals of {BOOKS} are")


def test_a_gift_left_out_is_named_by_every_number_and_seal_behind_it(rich: House, lie: Lie) -> None:
    entries = rich.entries()
    at = place(entries, by="rule")
    del entries[at]
    assert lie(entries)[0][1] == f"n is {at + 1}, version 1"
    for number, entry in enumerate(entries):
        entry["n"] = number
        if "ref" in entry:
            entry["ref"] -= 1
    assert any(text.startswith("sealed totals of") for _, text in lie(entries))


def test_an_overdrawn_pool_is_named(house: House, tmp_path: Path) -> None:
    house.furnish(pool=1_500)
    house.give(1_000)
    at = house.give(1_000)
    entries = house.entries()
    entries[at]["m"][0] |= {"amt": 1_000, "by": "rule"}
    found = check(write_log(tmp_path, [canonical(e) for e in entries], {}))
    assert told(found) == [(at, "match by R1.1: 500 by pool, not 1000 by rule")]
    assert found["pools"]["tree"]["left"] == -500


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amt": 500}, "500 refunded"),
        ({"ref": 0}, "entry 0 is no gift"),
        ({"ref": 10_000}, "it refunds a later entry"),
        ({"m": [{"amt": 201, "pool": "tree"}]}, "returns"),
        ({"cur": "USD"}, "is no gift"),
        ({"more": 1}, "fields"),
        ({"v": 2}, "version 2"),
        ({"t": "2026-09-09T1:12Z"}, "malformed"),
        ({"amt": True}, "amt is True"),
        ({"k": "payout"}, "unknown kind 'payout'"),
    ],
)
def test_a_false_refund_is_named(rich: House, lie: Lie, change: dict[str, Any], said: str) -> None:
    entries = rich.entries()
    at = [e["n"] for e in entries if e["k"] == "refund"][-1]
    entries[at] |= change
    assert any(number == at and said in text for number, text in lie(entries))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[0].__setitem__(1, rows[0][1] + 1), "they sum to"),
        (lambda rows: rows.__setitem__(slice(2), [[rows[0][0], 1]]), "do not fit"),
        (lambda rows: rows.reverse(), "not sorted"),
        (lambda rows: rows.append(["f" * 32, 0]), "not a positive integer"),
        (lambda rows: rows.insert(0, ["0" * 32, 1_501]), "one person has 1501 of at most 1500"),
    ],
)
def test_a_false_table_of_persons_is_named(
    rich: House, lie: Lie, change: Callable[[list[list[Any]]], None], said: str
) -> None:
    entries, tables = rich.entries(), tables_of(rich)
    seal = entries[-1]
    rows = json.loads(tables.pop(base64.b64decode(seal["persons"]["h"])))
    change(rows)
    body = canonical(rows)
    digest = hashlib.sha256(body).digest()
    seal["persons"] = {
        "h": base64.b64encode(digest).decode(),
        "cnt": len(rows),
        "sum": sum(row[1] for row in rows),
    }
    found = lie(entries, tables | {digest: body})
    assert any(said in text and number == seal["n"] for number, text in found), found


def test_a_table_that_is_not_served_or_not_the_one_is_named(rich: House, lie: Lie) -> None:
    tables = tables_of(rich)
    (digest,) = tables
    assert "has another hash" in lie(rich.entries(), {digest: b"[]"})[0][1]
    assert "does not serve" in lie_without(rich, lie, digest)


def lie_without(rich: House, lie: Lie, digest: bytes) -> str:
    entries = rich.entries()
    other = hashlib.sha256(digest).digest()
    entries[-1]["persons"]["h"] = base64.b64encode(other).decode()
    return lie(entries)[0][1]


def test_a_rule_without_notice_is_named(house: House, tmp_path: Path) -> None:
    house.furnish()
    house.give(100)
    house.rule(ratio(), from_="2090-01-01T00:00Z")
    entries = house.entries()
    entries[-1]["from"] = entries[-1]["t"]
    found = told(check(write_log(tmp_path, [canonical(e) for e in entries], {})))
    assert found == [(entries[-1]["n"], "less than 60 seconds' notice")]


def test_a_gift_in_another_spelling_is_named(house: House, tmp_path: Path) -> None:
    house.furnish()
    at = house.give(100)
    raw = [canonical(e) for e in house.entries()]
    for spelling in (raw[at].replace(b'"amt":100', b'"amt":1,"amt":100', 1),
                     raw[at].replace(b'"cur"', b' "cur"'),
                     raw[at].replace(b'"prj":"shan-books"', b'"prj":"shan-book\\u0073"'),
                     raw[at].replace(b'"amt":100,"ch"', b'"amt":100.0,"ch"')):  # fmt: skip
        found = told(check(write_log(tmp_path, [*raw[:at], spelling], {})))
        assert [number for number, _ in found] == [at], spelling


def test_an_entry_changed_after_it_was_signed_breaks_the_root(house: House, tmp_path: Path) -> None:
    house.furnish()
    house.give(100)
    entries = house.entries()
    folder = write_log(tmp_path, [canonical(e) for e in entries], {})
    bundle = tmp_path / f"tile/entries/000.p/{len(entries)}"
    bundle.write_bytes(
        bundle.read_bytes().replace(b'"prj":"shan-books","rd"', b'"prj":"shan-water","rd"')
    )
    found = told(check(folder))
    assert found == [(len(entries), "the entries do not hash to the signed root")]


@pytest.fixture
def plain(house: House, tmp_path: Path) -> tuple[str, int]:
    house.furnish()
    house.give(100)
    entries = house.entries()
    return write_log(tmp_path, [canonical(e) for e in entries], {}), len(entries)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        env={"LANG": "C.UTF-8"},
    )


def test_the_command_says_equal_and_answers_with_its_exit_code(plain: tuple[str, int]) -> None:
    folder, size = plain
    said = command(folder, "--vkey", VKEY)
    assert (said.returncode, said.stderr) == (0, "")
    assert "EQUAL 一致: 1 campaign, 1 channel, 1 charity, 1 don" in said.stdout
    as_json = json.loads(command(folder, "--vkey", VKEY, "--json", "--campaign", "day").stdout)
    assert (as_json["size"], as_json["equal"]) == (size, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["{folder}", "--vkey", "nonsense"],
        ["{folder}", "--vkey", VKEY[:-4] + "AAA="],
        ["{folder}/tile", "--vkey", VKEY],
        ["{folder}/nowhere", "--vkey", VKEY],
        ["{folder}", "--vkey", VKEY, "--campaign", "other"],
        ["{folder}", "--vkey", VKEY, "--day", "9 September"],
        ["http://", "--vkey", VKEY],
    ],
)
def test_what_cannot_be_checked_is_said_and_answered_with_two(
    plain: tuple[str, int], arguments: list[str]
) -> None:
    said = command(*(each.replace("{folder}", plain[0]) for each in arguments))
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("无法核对 / CANNOT CHECK: ")
    assert "Traceback" not in said.stderr


def test_a_missing_bundle_cannot_be_checked(plain: tuple[str, int]) -> None:
    folder, size = plain
    (Path(folder) / f"tile/entries/000.p/{size}").unlink()
    assert command(folder, "--vkey", VKEY).returncode == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"\n\n", b"\nx\n\n", "the signature on the checkpoint is false"),
        (b"sandbox.jusha.local/log ", b"other ", "is not signed by this key"),
        (b"\xe2\x80\x94", b"-", "is not signed by this key"),
        (b"\n", b"", "malformed"),
    ],
)
def test_a_checkpoint_that_is_not_the_logs_is_refused(
    plain: tuple[str, int], old: bytes, new: bytes, said: str
) -> None:
    path = Path(plain[0]) / "checkpoint"
    path.write_bytes(path.read_bytes().replace(old, new))
    answer = command(plain[0], "--vkey", VKEY)
    assert answer.returncode == 1
    assert said in answer.stdout


@pytest.fixture
def address(plain: tuple[str, int]) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(Path(plain[0]).parent))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/{Path(plain[0]).name}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_log_is_read_from_a_web_server(address: str, plain: tuple[str, int]) -> None:
    found = recompute.recompute(address, VKEY)
    assert (found["equal"], found["size"]) == (True, plain[1])
    with pytest.raises(recompute.CannotCheckError):
        recompute.recompute(f"{address}/nowhere", VKEY)


def test_a_campaign_that_names_no_channels_admits_all_but_files(
    house: House, tmp_path: Path
) -> None:
    house.furnish(channel={"clock": "file"})
    assert house.instruct("open-campaign", code="open", terms=ALWAYS)[0] == "done"
    body: dict[str, Any] = {
        "code": "oak",
        "campaign": "open",
        "sponsor": "Oak",
        "amount": 500,
        "how": "trusted",
    }
    assert house.instruct("fund-pool", **body)[0] == "done"
    rule: dict[str, Any] = {
        "code": "R9",
        "pool": "oak",
        "terms": ratio(),
        "from": "2020-01-01T00:00Z",
    }
    assert house.instruct("publish-rule", **rule)[0] == "done"
    house.give(100, campaign="open", paid_at=NOON)
    entries = house.entries()
    assert entries[-1]["m"][0]["by"] == "not-admitted"
    assert told(check(write_log(tmp_path, [canonical(e) for e in entries], {}))) == []

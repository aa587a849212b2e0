"""The stranger's short ways lead where the long one does: pattern and JSON, one process or more."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.verify.logs import VKEY, both_ways, canonical, write_log
from tests.verify.stories import NOON, Story, b64, m, ratio
from verify import recompute

INT = (0, 1, 7, 100, 10**14, 10**15 - 1, 10**15, 2**53 - 1, 2**53, 10**16, 10**400, -1, True, 1.0)
TEXT = (
    "tree",
    "R1.1",
    "a.b-c_d",
    "",
    "书",
    "a b",
    'a"b',
    "a\\b",
    "a\nb",
    "\x07",
    "x" * 60,
    3,
    None,
)


def draw_gift(chance: random.Random) -> dict[str, Any]:
    """A gift, mostly of the right form; each field may be strange."""

    def one(usual: Any, strange: tuple[Any, ...]) -> Any:
        return chance.choice(strange) if chance.random() < 0.04 else usual

    def match() -> dict[str, Any]:
        found = {"amt": one(chance.randrange(10**6), INT), "by": one("rule", TEXT),
                 "pool": one("tree", TEXT), "r": one("R1.1", TEXT)}  # fmt: skip
        if chance.random() < 0.2:
            found["c"] = one(5, INT)
        if chance.random() < 0.2:
            found["for"] = one(9, INT)
        return found

    gift = {
        "amt": one(chance.randrange(10**6), INT), "ch": one("bank", TEXT), "k": "don", "v": 1,
        "cur": one("CNY", TEXT), "n": one(12, INT), "prj": one("books", TEXT),
        "t": one(NOON, TEXT),
    }  # fmt: skip
    more = {
        "m": one([match() for _ in range(chance.randrange(1, 4))], ([], [{}], {}, None)),
        "rd": one("day", TEXT), "cpn": one("C1.4", TEXT), "i": one(3, INT), "inv": one(2, INT),
        "tag": one(b64(chance.randbytes(16)), (*TEXT, b64(bytes(15)), "AAAAAAAAAAAAAAAAAAAAAB==")),
        "cm": one(b64(chance.randbytes(32)), (*TEXT, b64(bytes(31)), "A" * 42 + "B=")),
    }  # fmt: skip
    usual = {"m": 0.9, "rd": 0.95, "tag": 0.8, "cm": 0.4}
    return gift | {k: v for k, v in more.items() if chance.random() < usual.get(k, 0.1)}


def spell(gift: dict[str, Any], chance: random.Random) -> bytes:  # noqa: PLR0911 - one a line
    """Its bytes: canonical, or in one of the spellings that a log may not use."""
    raw = canonical(gift)
    kind = chance.randrange(16)
    if kind == 0:
        return json.dumps(gift, ensure_ascii=False).encode(errors="replace")
    if kind == 1:
        return json.dumps(gift, separators=(",", ":"), sort_keys=True).encode()
    if kind == 2:
        return raw.replace(b'"amt":', b'"amt":1,"amt":', 1)
    if kind == 3:
        items = list(gift.items())
        chance.shuffle(items)
        return json.dumps(dict(items), separators=(",", ":"), ensure_ascii=False).encode()
    if kind == 4:
        at = chance.randrange(len(raw))
        return raw[:at] + bytes([chance.choice(b'0123456789"{}[]:, \n\\\xff')]) + raw[at:]
    if kind == 5:
        at = chance.randrange(len(raw))
        return raw[:at] + raw[at + 1 :]
    return raw


def by_json(raw: bytes) -> recompute.Don | None:
    """The long way: what the entry says, or None for what a log may not say."""
    try:
        e = recompute.decoder.decode(raw.decode())
        if recompute.canonical(e) != raw or (e["k"], e["v"], type(e["v"])) != ("don", 1, int):
            return None
        recompute.minute(e["t"])
        if not recompute.MUST["don"] <= e.keys() <= recompute.MAY["don"]:
            return None
        return recompute.don_of(e)
    except (recompute.EntryWrongError, ValueError, TypeError, LookupError, AttributeError):
        return None


def by_pattern(raw: bytes) -> recompute.Don | None:
    try:
        return recompute.read_don(raw.decode())
    except UnicodeDecodeError:
        return None


def test_pattern_and_json_read_the_same_gifts() -> None:
    chance = random.Random(4)
    read = only_json = refused = 0
    for _ in range(20_000):
        raw = spell(draw_gift(chance), chance)
        short, long = by_pattern(raw), by_json(raw)
        if short is not None:
            assert short == long, raw
            read += 1
        elif long is not None:  # numbers of sixteen digits are left to JSON
            assert max(len(str(x)) for x in _numbers(long)) == 16, raw
            only_json += 1
        else:
            refused += 1
    assert min(read, only_json, refused) > 20


def _numbers(don: recompute.Don) -> list[int]:
    parts = [each for match in don.matches for each in (match.amount, match.claim, match.for_)]
    return [don.number, don.amount, don.place, don.invited, *parts]


def test_what_a_bundle_is_taken_apart_into_is_what_its_entries_say() -> None:
    chance = random.Random(5)
    apart = 0
    for _ in range(300):
        first = chance.randrange(100)
        entries = []
        for place in range(40):
            gift = draw_gift(chance)
            if chance.random() < 0.9:
                gift["n"] = first + place
            entries.append(spell(gift, chance) if chance.random() < 0.2 else canonical(gift))
        wheres: dict[recompute.Where, int] = {}
        whens: dict[tuple[str, str], int] = {}
        rows = recompute.take_apart(first, entries, wheres, whens)
        assert len(rows) == len(entries)
        for number, (row, raw) in enumerate(zip(rows, entries, strict=True), first):
            if isinstance(row, bytes):
                assert row == raw
                continue
            don = by_pattern(raw)
            where, when = list(wheres)[row[0]], list(whens)[row[1]]
            names = [recompute.read_match(text) for text in where[3:]]
            if None in names:  # judged as it stands: no gift of the right form
                assert don is None
                continue
            matches = [recompute.Shown(a, *n) for a, n in zip(row[3], names, strict=True) if n]
            short = recompute.Don(number, row[2], where[0], "", "CNY", -1, -1, where[1], *when,
                                  row[4], matches)  # fmt: skip
            assert short == don == by_json(raw)
            apart += 1
    assert apart > 3_000


@pytest.mark.parametrize(
    "hidden", [b"\n", b'{"amt":1\n', b'x}],"n":8}\n{"amt":5,"ch":"bank"', b"\xff\n", b""]
)
def test_no_line_break_hides_an_entry(hidden: bytes, tmp_path: Path) -> None:
    story = Story()
    story.rule(ratio())
    for _ in range(4):
        story.gift(500, m(500))
    raw = [canonical(e) for e in story.entries]
    found = both_ways(write_log(tmp_path, [*raw[:-2], hidden, raw[-1]], {}))
    assert [each["entry"] for each in found["differences"]] == [len(raw) - 2]


def test_a_match_cut_in_two_entries_is_two_false_entries(tmp_path: Path) -> None:
    story = Story()
    story.rule(ratio())
    number = story.gift(500, m(500))
    raw = [canonical(e) for e in story.entries]
    head, _, tail = raw[number].partition(b',"by"')
    broken = raw[number].replace(b'"n":', b'"n":\n')
    found = both_ways(write_log(tmp_path, [*raw[:number], head, b',"by"' + tail, broken], {}))
    assert [each["entry"] for each in found["differences"]] == [number, number + 1, number + 2]


def long_story(gifts: int) -> Story:
    """A log of several chunks, with every way a gift can go."""
    story = Story(pool=gifts * 350)
    story.rule(ratio(gift=400, person_day=900, budget=gifts * 150, gift_min=200))
    left, chance, had = gifts * 150, random.Random(6), dict[str, int]()
    for number in range(gifts):
        name = f"donor {chance.randrange(gifts)}" if chance.random() < 0.9 else ""
        amount, used = chance.choice((100, 300, 500)), had.get(name, 0)
        by, most = "rule", amount
        for bound, room in (("gift", 400), ("person-day", 900 - used), ("window", left)):
            if room < most:
                by, most = bound, room
        if amount < 200 or not name:
            by, most = "too-small" if amount < 200 else "no-person", 0
        story.gift(amount, m(most, by), name=name)
        left, had[name] = left - most, used + most
        if number % 900 == 0:
            story.add("held", ch="bank", amt=5, cur="CNY", why="project-gone")
    return story


def test_reading_in_other_processes_gives_the_same_answer(tmp_path: Path) -> None:
    story = long_story(5_000)
    folder = write_log(tmp_path / "log", [canonical(e) for e in story.entries], {})
    found, told = both_ways(folder), list[int]()
    beside = recompute.recompute(folder, VKEY, jobs=2, tell=lambda done, _: told.append(done))
    assert (found["equal"], beside) == (True, found)
    assert set(found["by"]) == {"rule", "gift", "person-day", "window", "too-small", "no-person"}
    assert told == [4_096, found["size"]]
    at = next(e["n"] for e in story.entries[500:] if e.get("m", [{}])[0].get("by") == "rule")
    story.entries[at]["m"][0]["amt"] += 1
    lied = write_log(tmp_path / "lied", [canonical(e) for e in story.entries], {})
    wrong = both_ways(lied)
    assert recompute.recompute(lied, VKEY, jobs=2) == wrong
    assert wrong["differences"][0]["entry"] == at


def test_a_bundle_that_is_not_served_ends_the_other_processes_too(tmp_path: Path) -> None:
    story = long_story(600)
    folder = write_log(tmp_path, [canonical(e) for e in story.entries], {})
    (tmp_path / "tile" / "entries" / "001").unlink()
    with pytest.raises(recompute.CannotCheckError, match="does not serve tile/entries/001"):
        recompute.recompute(folder, VKEY, jobs=1)


def test_a_bundle_read_again_must_be_the_same(tmp_path: Path) -> None:
    story = long_story(300)
    story.add("refund", ref=20, amt=1, cur="CNY", m=[])
    entries = recompute.Entries(
        "",
        recompute.Folder(write_log(tmp_path, [canonical(e) for e in story.entries], {})),
        len(story.entries),
    )
    assert len(list(entries.chunks(0, plainly=False))) == 1
    bundle = tmp_path / "tile" / "entries" / "000"
    bundle.write_bytes(bundle.read_bytes().replace(b'"n":20', b'"n":21'))
    with pytest.raises(recompute.BrokenLogError, match="has changed"):
        entries.again(20)


def test_whoever_waits_is_told_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recompute, "TELL_SECONDS", 0.0)
    recompute.Progress()(512, 2_048)
    assert capsys.readouterr().err == "已核对 checked 512 / 2,048 (25 %)\n"

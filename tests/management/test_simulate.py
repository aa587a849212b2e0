"""`jusha simulate`: rules meet a day before anybody is promised anything."""

import re
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from jusha.management.simulation.pictures import nice, time_step
from jusha.management.simulation.say import Say
from jusha.management.simulation.sheet import STYLE
from jusha.management.simulation.tables import Table, text
from tests.cast import ALICE, BOB, House
from tests.management.conftest import Console
from tests.web.test_colours import contrast

SVG = "{http://www.w3.org/2000/svg}"
RULE = """
title_zh = "先到先得 <&>"
title_en = "First come"
[gives]
kind = "ratio"
numerator = 1
denominator = 1
[window]
budget = 300_000_000
from_minute = 600
[caps]
person_day = 99_900
"""
CLOSE = 'decided = "close"\n' + RULE.replace("先到先得 <&>", "收官一起分").replace(
    "First come", "At close"
)
SMALL = ("--scale", "0.0001", "--seed", "3", "--pool", "30000")


@pytest.fixture
def rules(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "first.toml").write_text(RULE, "utf-8")
    (tmp_path / "close.toml").write_text(CLOSE, "utf-8")
    return str(tmp_path / "first.toml"), str(tmp_path / "close.toml")


def simulate(*words: str) -> str:
    """Run the command; return what it printed."""
    out = StringIO()
    call_command("simulate", *words, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_rules_are_compared_without_any_database(rules: tuple[str, str]) -> None:
    said = simulate(rules[0], "--rule", rules[1], *SMALL)
    assert "规则试算：先到先得 <&>、收官一起分" in said
    spent = next(line for line in said.splitlines() if line.startswith("占配捐池"))
    assert re.findall(r"[\d.]+%", spent) == ["100.0%", "100.0%"]
    short = next(line for line in said.splitlines() if line.startswith("钱何时不够"))
    assert re.search(r"10:\d\d:\d\d +按比例分$", short)
    assert "开场脚本" in said


def test_the_same_seed_gives_the_same_words_and_another_one_others(
    rules: tuple[str, str],
) -> None:
    assert simulate(rules[0], *SMALL) == simulate(rules[0], *SMALL)
    assert simulate(rules[0], *SMALL) != simulate(rules[0], *SMALL, "--seed", "4")


def test_the_page_stands_alone_and_every_picture_has_words_and_a_table(
    rules: tuple[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "report"
    simulate(rules[0], "--rule", rules[1], *SMALL, "--out", str(out))
    page = (out / "index.html").read_text("utf-8")
    assert '<html lang="zh-hans">' in page
    assert not re.search(r"<script|<link|<img|src=|@import|url\(|href=", page)
    assert set(re.findall(r"https?://[^\s\"<]+", page)) <= {"http://www.w3.org/2000/svg"}
    assert "先到先得 &lt;&amp;&gt;" in page
    assert "先到先得 <" not in page
    for key in ("pool", "opening", "matched", "rate", "tenths", "bots"):
        section = page.split(f'aria-labelledby="{key}"')[1].split("</section>")[0]
        assert section.count('role="img"') == 2  # for wide pages and for phones
        assert "<table" in section
        root = ET.fromstring((out / f"{key}.svg").read_text("utf-8"))  # noqa: S314 - our own
        named = (root.attrib["aria-labelledby"]).split()
        texts = {e.attrib.get("id"): e.text for e in root.iter() if "id" in e.attrib}
        assert all(texts[name] for name in named)
        assert not list(root.iter(f"{SVG}script"))
        assert "先到先得 <&>" in "".join(filter(None, (e.text for e in root.iter(f"{SVG}text"))))


def test_no_id_stands_twice_in_the_page(rules: tuple[str, str], tmp_path: Path) -> None:
    simulate(rules[0], *SMALL, "--out", str(tmp_path / "report"))
    ids = re.findall(r'\bid="([^"]+)"', (tmp_path / "report/index.html").read_text("utf-8"))
    assert len(ids) == len(set(ids)) > 10


def test_english_readers_get_english(rules: tuple[str, str], tmp_path: Path) -> None:
    said = simulate(rules[0], *SMALL, "--language", "en", "--out", str(tmp_path / "report"))
    assert "Trying a rule: First come" in said
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    body = re.sub(r"<style>.*?</style>|<pre>.*?</pre>", "", page, flags=re.DOTALL)
    assert not re.search(r"[\u4e00-\u9fff]", body)


def test_without_bots_nothing_is_said_of_bots(rules: tuple[str, str], tmp_path: Path) -> None:
    said = simulate(rules[0], *SMALL, "--bots", "0", "--out", str(tmp_path / "report"))
    assert "开场脚本" not in said
    assert not (tmp_path / "report" / "bots.svg").exists()


def test_a_rule_for_the_whole_day_is_scaled_with_the_day(rules: tuple[str, str]) -> None:
    said = simulate(rules[0], *SMALL, "--pool", "1000000", "--scale-rules")
    assert re.search(r"配捐总额 +300 元\n", said)  # 3,000,000 yuan a day x 0.0001


def test_rules_of_one_candidate_act_together(rules: tuple[str, str], tmp_path: Path) -> None:
    more = tmp_path / "friends.toml"
    more.write_text(
        'title_zh = "好友加倍"\n[gives]\nkind = "friends"\non = "first"\nfriends = 1\nlow = 3\n'
        "high = 9\n[window]\nbudget = 9_000_000\n",
        "utf-8",
    )
    alone = simulate(rules[0], *SMALL, "--pool", "90000000")
    both = simulate(f"{rules[0]}+{more}", *SMALL, "--pool", "90000000")
    assert "先到先得 <&> + 好友加倍" in both
    assert re.findall(r"配捐总额 +(.*)", alone) != re.findall(r"配捐总额 +(.*)", both)


def test_a_surprise_needs_its_times(rules: tuple[str, str], tmp_path: Path) -> None:
    secret = tmp_path / "surprise.toml"
    secret.write_text(RULE.replace("[caps]", f'surprise = "{"A" * 43}="\n[caps]'), "utf-8")
    said = simulate(str(secret), *SMALL, "--surprise", "21:00-21:30")
    row = next(line for line in said.splitlines() if line.startswith("第 1 分钟"))
    assert row.endswith(" 0 元")
    with pytest.raises(CommandError, match="21:09-21:30"):
        simulate(str(secret), *SMALL, "--surprise", "late")


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("--scale", "2"), "between 0 and 1"),
        (("--date", "tomorrow"), "is not a date"),
        (("--recorded", "day"), "needs --pool"),
        (("--rule", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_one_sentence(
    rules: tuple[str, str], words: tuple[str, ...], refusal: str
) -> None:
    with pytest.raises(CommandError, match=refusal):
        simulate(rules[0], *[w for w in ("--seed", "3") if "--recorded" not in words], *words)


def test_a_rule_that_contradicts_itself_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "R1.toml").write_text(RULE.replace("600", '"ten"'), "utf-8")
    with pytest.raises(CommandError, match=r"line 10: window\.from_minute"):
        simulate(str(tmp_path / "R1.toml"), *SMALL)


def test_recorded_gifts_meet_a_new_rule_and_stay_as_they_are(
    console: Console, house: House, rules: tuple[str, str]
) -> None:
    house.furnish(channel={"clock": "file"})
    at = 1_757_390_400  # 2025-09-09 12:00 in Shanghai
    house.give(30_000, person=ALICE, paid_at=at)
    house.give(50_000, person=ALICE, paid_at=at + 60)
    house.give(90_000, person=ALICE, paid_at=at + 120)
    house.give(40_000, person=BOB, paid_at=at + 86_400)
    before = house.settlement.world.next_number
    said = console.run(
        "simulate", rules[0], "--recorded", "day", "--pool", "100000", "--language", "en"
    )
    assert "2 days from 2025-09-09" in said
    # Alice 999 yuan on the first day, Bob 400 on the second
    assert re.search(r"Matched +¥1\.3k\n", said)
    house.settle()
    assert house.settlement.world.next_number == before
    with pytest.raises(CommandError, match="no campaign nowhere"):
        console.run("simulate", rules[0], "--recorded", "nowhere", "--pool", "1")


@pytest.mark.parametrize(
    ("fen", "zh", "en"),
    [
        (0, "0 元", "¥0"),
        (3_850, "38.5 元", "¥38.5"),
        (99_999, "999 元", "¥999"),
        (99_900_000, "99.9 万元", "¥999k"),
        (29_999_000_000, "2.9 亿元", "¥299M"),
    ],
)
def test_sums_are_short_and_never_rounded_up(fen: int, zh: str, en: str) -> None:
    assert (Say("zh").money(fen), Say("en").money(fen)) == (zh, en)


@pytest.mark.parametrize("most", [1, 7, 97, 100, 101, 999, 12_345, 300_000_000])
def test_scales_are_round_and_reach_the_most(most: int) -> None:
    step = nice(most)
    assert most / 4 <= step < max(most, 4)
    assert re.fullmatch(r"(1|2|25|5)0*", str(step))
    assert time_step(most * 60, 6) * 6 >= most * 60


def test_a_table_stands_straight_where_characters_are_wide() -> None:
    written = text(Table("", ["", "金额"], [["配捐", "1"], ["a", "12345"]]))
    assert written.splitlines()[2:] == ["配捐      1", "a     12345"]


@pytest.mark.parametrize("scheme", [0, 1])
def test_colours_of_pictures_can_be_told_apart(scheme: int) -> None:
    part = STYLE.split("@media")[scheme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6})", part))
    for name, least in (("ink", 4.5), ("quiet", 4.5), ("jade", 4.5), ("cinnabar", 4.5)):
        assert contrast(colours[name], colours["ground"]) >= least
    assert contrast(colours["grain"], colours["ground"]) >= 3

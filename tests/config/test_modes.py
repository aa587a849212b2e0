"""A mode is known and complete, or nothing starts; money only where the law allows it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from jusha.config.modes import (
    MODES,
    ModeRefusedError,
    RailsRefusedError,
    mode_word,
    orders_allowed,
    rails_allowed,
    read_mode,
    require_rails,
    require_simulator,
    simulator_allowed,
)
from jusha.management.commands.up import check_log_name, check_mode
from tests.home import HOME

NOTICE = 'notice = "每日 10 点公示前一日的账目。"\n'


def test_without_a_word_it_is_the_sandbox(tmp_path: Path) -> None:
    assert read_mode({}, home=tmp_path).word == "sandbox"


@pytest.mark.parametrize("word", ["", "Sandbox", "production", "beside "])
def test_an_unknown_word_is_refused_with_the_words_there_are(word: str) -> None:
    with pytest.raises(ModeRefusedError, match="sandbox, beside, own-site, designated"):
        mode_word({"JUSHA_MODE": word})


@pytest.mark.parametrize(
    ("word", "variable"), [("own-site", "JUSHA_PLATFORM"), ("designated", "JUSHA_DESIGNATION")]
)
def test_what_the_law_asks_for_is_asked_for(tmp_path: Path, word: str, variable: str) -> None:
    for text in (None, "  ", "two\nlines", "x" * 101):
        told = {"JUSHA_MODE": word} | ({variable: text} if text else {})
        with pytest.raises(ModeRefusedError, match=f"JUSHA_MODE={word} needs {variable}"):
            read_mode(told, home=tmp_path)
    mode = read_mode({"JUSHA_MODE": word, variable: " 公益平台 "}, home=tmp_path)
    assert "公益平台" in {mode.platform, mode.designation}


@pytest.mark.parametrize("text", ["", 'notice = ""', "notice = 3", "notice =", "x = 1"])
def test_beside_needs_the_notice_to_donors(tmp_path: Path, text: str) -> None:
    told = {"JUSHA_MODE": "beside"}
    with pytest.raises(ModeRefusedError, match="jusha beside init"):
        read_mode(told, home=tmp_path)
    (tmp_path / "beside.toml").write_text(text)
    with pytest.raises(ModeRefusedError, match=r"notice|TOML"):
        read_mode(told, home=tmp_path)
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text(NOTICE)
    told["JUSHA_BESIDE"] = str(elsewhere)
    assert read_mode(told, home=tmp_path).notice == "每日 10 点公示前一日的账目。"


def test_rails_run_only_where_money_may_move_and_the_simulator_only_where_none_does() -> None:
    assert {word for word in MODES if rails_allowed(word)} == {"own-site", "designated"}
    assert {word for word in MODES if simulator_allowed(word)} == {"sandbox"}
    assert {word for word in MODES if not orders_allowed(word)} == {"beside"}
    for word in MODES:
        for require, allowed in (
            (require_rails, rails_allowed(word)),
            (require_simulator, simulator_allowed(word)),
        ):
            if allowed:
                require(word)
            else:
                with pytest.raises(RailsRefusedError, match=f"JUSHA_MODE={word}"):
                    require(word)


def run(code: str, mode: str) -> subprocess.CompletedProcess[str]:
    """Run a line of Python in a mode."""
    environment = os.environ | {
        "JUSHA_MODE": mode,
        "JUSHA_HOME": str(HOME),
        "JUSHA_METRICS_PORT": "0",
        "DJANGO_SETTINGS_MODULE": "jusha.config.settings",
    }
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


def test_the_simulated_cashier_starts_in_the_sandbox_alone() -> None:
    code = "import jusha_sandbox.cashier"
    assert run(code, "sandbox").returncode == 0
    for word in MODES[1:]:
        refused = run(code, word)
        assert refused.returncode != 0
        assert f"no simulated cashier starts in JUSHA_MODE={word}" in refused.stderr


def test_pages_and_processes_start_only_in_a_mode_that_has_what_it_needs() -> None:
    refused = run("import jusha.config.wsgi", "own-site")
    assert refused.returncode != 0
    assert "needs JUSHA_PLATFORM" in refused.stderr
    up = run("from jusha.__main__ import main; import sys; sys.argv=['jusha', 'up']; main()", "b")
    assert "JUSHA_MODE=b is not known" in up.stderr
    for word, argv, why in (
        ("designated", ["jusha", "up"], "needs JUSHA_DESIGNATION"),
        ("beside", ["jusha", "up"], "jusha beside init"),
    ):
        code = f"from jusha.__main__ import main; import sys; sys.argv={argv}; main()"
        assert why in run(code, word).stderr


def test_a_home_of_beside_mode_does_not_come_up_as_a_sandbox_by_oversight(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HOME = tmp_path
    monkeypatch.delenv("JUSHA_MODE", raising=False)
    monkeypatch.delenv("JUSHA_BESIDE", raising=False)
    check_mode(demo=False)
    (tmp_path / "beside.toml").write_text("")
    with pytest.raises(CommandError, match="export JUSHA_MODE=beside"):
        check_mode(demo=False)
    monkeypatch.setenv("JUSHA_MODE", "sandbox")
    check_mode(demo=False)


NAMED = (
    NOTICE
    + 'charity = "shan"\nname_zh = " 善小基金会 "\nlog = "donate.example.org/log"\n'
    + '[[project]]\ncode = "books"\nname_zh = "乡村图书"\nname_en = "Village books"\n'
    + '[[project]]\ncode = "water"\n'
)


def test_beside_knows_the_names_that_its_pages_show(tmp_path: Path) -> None:
    (tmp_path / "beside.toml").write_text(NAMED)
    mode = read_mode({"JUSHA_MODE": "beside"}, home=tmp_path)
    assert (mode.charity, mode.name, mode.name_en) == ("shan", "善小基金会", "")
    assert mode.projects == (("books", "乡村图书", "Village books"), ("water", "", ""))
    assert mode.log == "donate.example.org/log"


@pytest.mark.parametrize(
    ("line", "hour"),
    [
        ("", 10),
        ("publish_hour = 0\n", 0),
        ("publish_hour = 24\n", 10),
        ("publish_hour = '9'\n", 10),
    ],
)
def test_beside_knows_from_which_hour_a_day_is_published(
    tmp_path: Path, line: str, hour: int
) -> None:
    (tmp_path / "beside.toml").write_text(line + NAMED)
    assert read_mode({"JUSHA_MODE": "beside"}, home=tmp_path).publish_hour == hour


@pytest.mark.parametrize(
    ("environ", "chinese", "english"),
    [
        ({"JUSHA_MODE": "b"}, "不认识 JUSHA_MODE=b，可以写", "is not known"),
        ({"JUSHA_MODE": "beside"}, "执行 jusha beside init", "asks, and writes it"),
        ({"JUSHA_MODE": "own-site"}, "需要 JUSHA_PLATFORM", "the designated platform"),
        ({"JUSHA_MODE": "designated"}, "需要 JUSHA_DESIGNATION", "the number under which"),
    ],
)
def test_a_refusal_of_the_mode_is_whole_in_chinese_and_then_in_english(
    tmp_path: Path, environ: dict[str, str], chinese: str, english: str
) -> None:
    with pytest.raises(ModeRefusedError) as refused:
        read_mode(environ, home=tmp_path)
    first, second = str(refused.value).splitlines()
    assert chinese in first
    assert english in second
    assert second.isascii()


@pytest.mark.parametrize("line", ['log = "two words"', 'log = "one\\ntwo"', "project = 3"])
def test_a_log_has_one_word_for_a_name_and_what_is_no_list_of_projects_names_none(
    tmp_path: Path, line: str
) -> None:
    (tmp_path / "beside.toml").write_text(f"{NOTICE}{line}\n")
    if line.startswith("log"):
        with pytest.raises(ModeRefusedError, match="public log's name"):
            read_mode({"JUSHA_MODE": "beside"}, home=tmp_path)
    else:
        assert read_mode({"JUSHA_MODE": "beside"}, home=tmp_path).projects == ()


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({}, "donate.example.org/log"),
        ({"JUSHA_LOG_ORIGIN": "other.example.org/log"}, "other.example.org/log"),
        ({"JUSHA_MODE": "sandbox"}, "sandbox.jusha.local/log"),
    ],
)
def test_the_log_has_the_name_of_the_settings_unless_the_environment_says_another(
    tmp_path: Path, more: dict[str, str], name: str
) -> None:
    (tmp_path / "beside.toml").write_text(NAMED)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("JUSHA")}
    environ |= {"JUSHA_HOME": str(tmp_path), "JUSHA_MODE": "beside"} | more
    says = "from jusha.config import settings; print(settings.JUSHA_LOG_ORIGIN)"
    argv = [sys.executable, "-c", says]
    ran = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == name


def test_a_log_that_was_begun_under_another_name_starts_nothing(tmp_path: Path) -> None:
    check_log_name(tmp_path, "donate.example.org/log")
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "vkey").write_text("donate.example.org/log+ba6994c0+AR+OIGM\n")
    check_log_name(tmp_path, "donate.example.org/log")
    with pytest.raises(CommandError, match=r"请改回 donate\.example\.org/log"):
        check_log_name(tmp_path, "sandbox.jusha.local/log")

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
from jusha.management.commands.up import check_mode
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

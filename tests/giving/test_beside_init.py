"""`jusha beside init`: an answer is judged at its question, and nothing half-written is kept."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from jusha.giving.beside_init import QUESTIONS, written, wrong
from jusha.giving.beside_settings import read_beside
from jusha.management.beside import asked
from tests.giving.beside_desk import LIST_MAP
from tests.home import REPO

MAPS = REPO / "maps"
Answer = Callable[..., str]


@pytest.fixture
def answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Runs `init` at a desk with a map own.toml, answering some questions, Enter for the rest."""
    (tmp_path / "own.toml").write_text(LIST_MAP)
    monkeypatch.chdir(tmp_path)

    def init(said: dict[str, list[Any]], *more: str) -> str:
        queue = [text for q in QUESTIONS for text in said.get(q.key, [""])]

        def typed(_prompt: str) -> str:
            found = queue.pop(0)
            if isinstance(found, type):
                raise found
            return str(found)

        monkeypatch.setattr("builtins.input", typed)
        out = io.StringIO()
        try:
            file = str(tmp_path / "home" / "beside.toml")
            call_command("beside", "init", "--settings-file", file, *more, stdout=out)
        except SystemExit as stop:
            out.write(f"exit {stop.code}")
        assert not queue, "every answer was asked for"
        return out.getvalue()

    return init


def home(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "home").rglob("*"))


@pytest.mark.parametrize(
    ("key", "text", "why"),
    [
        ("bills", "", "at least one bill"),
        ("bills", "wechat,wechat", "named twice"),
        ("bills", "lost.toml", "no map can be read from lost.toml"),
        ("bills", "我的银行.toml", "rename it"),
        ("bills", "wechat@../up", "name alone"),
        ("lists", "own.toml", "own.toml=wechat"),
        ("lists", "own.toml@list=own", "there are: wechat"),
        ("lists", "wechat=wechat", "named twice"),
        ("lists", "dong.toml=wechat", "its bill is not"),
        ("goods", "../物资", "name alone"),
        ("goods", "/goods", "name alone"),
        ("goods", "C:\\goods", "name alone"),
        ("goods", "wechat", "holds bills or lists already"),
        ("log", "https://donate.example.org/log", "without https://"),
        ("log", "donate example", "without https://"),
        ("project_zh", "名" * 61, "at most 60"),
        ("name_zh", "善小\x1b[2J", "cannot be shown"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_refused_at_its_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, text: str, why: str
) -> None:
    (tmp_path / "own.toml").write_text(LIST_MAP)
    (tmp_path / "我的银行.toml").write_text(LIST_MAP)
    dong = (MAPS / "yagi_mttq_agribank.toml").read_text().split("[balance]")[0]
    (tmp_path / "dong.toml").write_text(dong)
    monkeypatch.chdir(tmp_path)
    before = {question.key: question.default for question in QUESTIONS} | {"bills": "wechat"}
    before = dict(list(before.items())[: list(before).index(key)])
    assert why in wrong(key, text, before, maps=MAPS)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("goods", ""),
        ("goods", "物资"),
        ("goods", "物资收入，物资支出"),
        ("lists", "own.toml@名单=wechat"),
        ("log", "donate.example.org/log"),
        ("log", ""),
        ("name_en", ""),
    ],
)
def test_what_is_taken_at_its_question_is_taken_at_the_end(
    answer: Answer, tmp_path: Path, key: str, text: str
) -> None:
    said = answer({"bills": ["wechat"], key: [text]})
    assert "已写好" in said
    read_beside(tmp_path / "home" / "beside.toml")


def test_a_wrong_answer_is_asked_again_with_the_codes_that_there_are(
    answer: Answer, tmp_path: Path
) -> None:
    said = answer(
        {
            "bills": ["wechat,own.toml@bank"],
            "lists": ["own.toml", "own.toml=bank", ""],
            "goods": ["../x", "物资"],
            "project_zh": ["乡村图书"],
            "log": ["donate.example.org/log"],
        }
    )
    before_asking, _, _ = said.partition("请重填")
    assert "账单代码 the bills are called: wechat（微信支付）、own" in before_asking
    assert said.count("请重填 again") == 3
    for line in ("wechat/", "bank/", "物资/"):
        assert f"  {line}" in said, "every subfolder is listed at the end"
    beside = read_beside(tmp_path / "home" / "beside.toml")
    assert beside.settings.log == "donate.example.org/log"
    assert [(p.code, p.name_zh) for p in beside.settings.project] == [("general", "乡村图书")]
    assert [goods.files for goods in beside.settings.goods] == ["物资/*"]
    assert [told.source.title for told in beside.sources] == ["微信支付", "bank"]
    assert home(tmp_path) == ["beside.toml", "own.toml", "wechat.toml"]


def test_a_bill_without_a_title_is_called_after_its_subfolder(
    answer: Answer, tmp_path: Path
) -> None:
    said = answer({"bills": ["own.toml@汉口银行"]})
    assert "汉口银行/  汉口银行（own.toml）" in said
    (told,) = read_beside(tmp_path / "home" / "beside.toml").sources
    assert (told.source.name, told.source.title) == ("own", "汉口银行")
    assert 'title = "汉口银行" # 显示在页面上，可以改' in (
        tmp_path / "home" / "beside.toml"
    ).read_text("utf-8")


@pytest.mark.parametrize("how", [EOFError, KeyboardInterrupt])
@pytest.mark.parametrize("at", ["charity", "lists", "goods"])
def test_whoever_leaves_hears_one_sentence_and_nothing_is_kept(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: type, at: str
) -> None:
    keys = [question.key for question in QUESTIONS]
    shown = [question for question in QUESTIONS if keys.index(question.key) <= keys.index(at)]
    monkeypatch.setattr("tests.giving.test_beside_init.QUESTIONS", shown)
    said = answer({"bills": ["wechat"], at: [how]})
    assert said.splitlines()[-2:] == [asked.LEFT, "exit 130"]
    assert home(tmp_path) == []


def test_a_map_that_is_there_already_is_left_and_nothing_else_is_written(
    answer: Answer, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "wechat.toml").write_text("mine")
    with pytest.raises(CommandError, match="is there already and is left as it is"):
        answer({"bills": ["wechat"]}, "--yes")
    assert home(tmp_path) == ["wechat.toml"]
    assert (tmp_path / "home" / "wechat.toml").read_text() == "mine"


def test_a_disk_that_fills_keeps_nothing_half_written(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(asked, "written", lambda *_, **__: {"beside.toml": "x", "a.toml": "y"})
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CommandError, match="No space left"):
        answer({}, "--yes")
    assert home(tmp_path) == []


def test_projects_that_maps_name_themselves_are_named_where_there_is_one(tmp_path: Path) -> None:
    answers = {question.key: question.default for question in QUESTIONS}
    plain = MAPS / "wuhan_redcross_qr_pos_plain.toml"
    answers |= {"bills": f"{plain}@qr", "project_zh": "抗疫"}
    for name, text in written(answers, maps=MAPS).items():
        (tmp_path / name).write_text(text)
    (project,) = read_beside(tmp_path / "beside.toml").settings.project
    assert (project.code, project.name_zh) == ("wuhan-2020", "抗疫")


def test_a_project_that_the_maps_name_is_said_to_be_used_instead_of_the_answer(
    answer: Answer,
) -> None:
    plain = MAPS / "wuhan_redcross_qr_pos_plain.toml"
    said = answer({"bills": [f"{plain}@qr"], "project": ["books"]})
    assert "用的是 wuhan-2020，不是 books" in said

"""Asking for the settings of beside mode, one question after the other, and keeping the answers.

Nothing is kept before the last answer is good: the settings and their maps appear together.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from django.core.management.base import CommandError

from jusha.giving.beside_init import QUESTIONS, TITLES, Question, bill_codes, written, wrong
from jusha.giving.beside_settings import Beside, read_beside

Say = Callable[[str], object]
LEFT: Final = (
    "已停止，什么都没有保存；随时可以重新执行 jusha beside init。"
    " Stopped, and nothing was kept: run it again at any time."
)


class LeftError(Exception):
    """Whoever was asked left before the last answer (Ctrl-C, Ctrl-D, no terminal)."""


def init(
    file: Path, *, given: Mapping[str, str], defaults: bool, maps: Path, say: Say
) -> tuple[Beside, str, list[Path]]:
    """Ask for what was not given, and write the settings and their maps.

    Returns the settings, the project's code as it was answered, and the files that were written.

    With `defaults` nothing is asked. Raises CommandError, LeftError; then nothing is kept.
    """
    if file.exists():
        raise CommandError(
            f"{file} 已经有了：用编辑器修改，或先移到别处"
            f" {file} is there already: change it with an editor, or move it away"
        )
    keys = [question.key for question in QUESTIONS]
    if lost := [key for key in given if key not in keys]:
        raise CommandError(
            f"--answer 没有 {lost[0]} 这一项 knows no {lost[0]}; it knows: {', '.join(keys)}"
        )
    answers: dict[str, str] = {}
    for question in QUESTIONS:
        answer = given.get(question.key, question.default if defaults else None)
        answers[question.key] = _answer(question, answer, answers, maps=maps, say=say)
    paths = _kept(file, written(answers, maps=maps))
    return read_beside(file), answers["project"].strip(), paths


def _answer(
    question: Question, given: str | None, before: Mapping[str, str], *, maps: Path, say: Say
) -> str:
    """Take an answer that was given, or ask until one is good."""
    if given is not None:
        if complaint := wrong(question.key, given, before, maps=maps):
            raise CommandError(f"{question.key} = {given}: {complaint}")
        return given
    say(f"\n{question.zh}\n{question.en}")
    if question.key == "lists":
        codes = bill_codes(before, maps=maps)
        named = [f"{code}（{TITLES[code]}）" if code in TITLES else code for code in codes]
        say(f"账单代码 the bills are called: {'、'.join(named)}")
    while True:
        try:
            answer = input(f"[{question.default}] ").strip() or question.default
        except (EOFError, KeyboardInterrupt) as error:
            raise LeftError(LEFT) from error
        except UnicodeDecodeError:
            say("请重填 again: 终端的文字编码不是 UTF-8 this terminal does not send UTF-8")
            continue
        complaint = wrong(question.key, answer, before, maps=maps)
        if not complaint:
            return answer
        say(f"请重填 again: {complaint}")


def _kept(file: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write the files together, the settings last; a map of the same text may be there already.

    Raises CommandError, BesideRefusedError; then none of them is kept.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    targets = {name: file if name == "beside.toml" else file.parent / name for name in texts}
    for name, target in targets.items():
        if target.exists() and target.read_text("utf-8") != texts[name]:
            raise CommandError(
                f"{target} 已经有了，内容不同，没有改动：请先移到别处"
                f" {target} is there already and is left as it is: move it away first"
            )
    with _draft(file.parent) as draft:
        for name, text in texts.items():
            (draft / name).write_text(text, "utf-8")
        read_beside(draft / "beside.toml")
        for name in sorted(texts, key=lambda name: name == "beside.toml"):
            (draft / name).replace(targets[name])
    return list(targets.values())


@contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    """A folder beside the settings that is gone afterwards, whatever happens."""
    draft = Path(mkdtemp(prefix=".beside-", dir=folder))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def subfolders(beside: Beside) -> dict[str, list[str]]:
    """By subfolder of the watched folder: what is laid there, as people call it."""
    found: dict[str, list[str]] = {}
    for told in beside.sources:
        source = told.source
        what = f"{source.title or source.name}（{told.map_file.name}）"
        found.setdefault(source.files.removesuffix("/*"), []).append(what)
    for goods in beside.settings.goods:
        found.setdefault(goods.files.removesuffix("/*"), []).append("物资表 goods")
    return found

"""Writing the settings of beside mode from a few answers, with the maps that they name. Pure.

The result is an ordinary folder: one settings file and one map a source, for a person to read,
change and keep with the vouchers.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from jusha.giving.beside_settings import NOTICE_MAX, NOTICE_MIN, BesideRefusedError
from jusha.giving.gift_maps import MapRefusedError, read_map
from jusha.inbox.envelopes import CODE

RAILS: Final = {
    "wechat": "wechat.toml",
    "alipay": "alipay_trade.toml",
    "alipay-account": "alipay_account.toml",
}
"""Bills that every installation knows: the word for them, and the map that comes with Jusha."""
LIST_TITLE: Final = "机构的捐赠名单"
TITLES: Final = {"wechat": "微信支付", "alipay": "支付宝", "alipay-account": "支付宝账务"}
PERMILLE_MAX: Final = 1000
PROJECT_LINE: Final = re.compile(r'^code = "general".*$', re.MULTILINE)


class Question(NamedTuple):
    """One question, its default, and what an answer is for."""

    key: str
    zh: str
    en: str
    default: str


NOTICE: Final = (
    "我们每天上午公示前一日收到的捐款，并与支付机构的账单逐笔核对。公示不含您的姓名、账号和联系方式。"
    "您可以用付款单号查到自己的那一笔，并下载证明。发现不符，请与我们联系，更正会同样公示。"
)
QUESTIONS: Final = (
    Question("charity", "机构代码（拼音或英文）", "code of the charity", "my-charity"),
    Question("name_zh", "机构全称", "its full name in Chinese", "我的慈善组织"),
    Question("name_en", "机构英文名", "its name in English", "My charity"),
    Question("notice", "写给捐赠人的说明（必填）", "your notice to donors", NOTICE),
    Question("by", "经办人姓名", "who answers for it", "经办人"),
    Question("second", "复核人姓名", "who checks", "复核人"),
    Question("project", "项目代码", "code of the project", "general"),
    Question("permille", "备案的管理费，千分之几", "running costs, per mille as filed", "0"),
    Question(
        "bills",
        "有哪些账单：wechat、alipay、alipay-account，或 对照表文件@子文件夹，用逗号隔开",
        "which bills: wechat, alipay, alipay-account, or MAPFILE@SUBFOLDER, with commas",
        "wechat,alipay",
    ),
    Question(
        "lists",
        "自己的捐赠名单，写成 对照表文件=账单（或 对照表@子文件夹=账单），可不写",
        "your own lists as MAPFILE=BILL or MAPFILE@SUBFOLDER=BILL, or nothing",
        "",
    ),
    Question("goods", "物资表所在的子文件夹，可不写", "subfolder of goods tables, or nothing", ""),
)


def wrong(key: str, answer: str, before: Mapping[str, str], *, maps: Path) -> str:
    """Say in two languages what is wrong with an answer, or ""; `before` are those given so far."""
    text = answer.strip()
    if key in {"charity", "project"} and not CODE.fullmatch(text):
        return "只能用字母、数字、点和横线，至多 40 个 1 to 40 of A-Z a-z 0-9 . _ -"
    if key == "notice" and not NOTICE_MIN <= len(text) <= NOTICE_MAX:
        return f"需要 {NOTICE_MIN} 到 {NOTICE_MAX} 个字 {NOTICE_MIN} to {NOTICE_MAX} characters"
    if key in {"by", "second", "name_zh"} and not text:
        return "不能空着 this may not be empty"
    if key == "second" and text == before.get("by", "").strip():
        return "复核人不能是经办人 two different persons"
    if key == "permille" and not (text.isascii() and text.isdigit() and int(text) <= PERMILLE_MAX):
        return "0 到 1000 的整数 a whole number from 0 to 1000"
    return _wrong_maps(key, text, maps) if key in {"bills", "lists"} else ""


def _wrong_maps(key: str, text: str, maps: Path) -> str:
    """Say which of the maps that an answer names cannot be read, or ""."""
    try:
        for word in _words(text):
            _map_of(word.rpartition("=")[0] if key == "lists" else word, maps)
    except BesideRefusedError as refusal:
        return str(refusal)
    return ""


def written(answers: Mapping[str, str], *, maps: Path) -> dict[str, str]:
    """Turn answers into files: name -> text; `maps` is where the maps of Jusha lie.

    Every source reads the subfolder of its own name, or the one behind its map's @. Raises
    BesideRefusedError for a map that is not there or not whole.
    """
    files: dict[str, str] = {}
    projects: list[str] = []
    project = answers["project"].strip()
    bills = _words(answers["bills"])
    sources = [_source(word, project, maps, files, projects) for word in bills]
    for word in _words(answers["lists"]):
        map_word, _, bill = word.rpartition("=")
        source = _source(map_word, project, maps, files, projects, own_list=True)
        sources.append(f"{source}beside = {_text(bill)}\n")
    if goods := answers["goods"].strip():
        sources.append(f"[[goods]]\nname = {_text(goods)}\nfiles = {_text(f'{goods}/*')}\n")
    opened = list(dict.fromkeys(projects)) or [project]
    files["beside.toml"] = _head(answers, opened) + "\n".join(["", *sources])
    return files


def _words(text: str) -> list[str]:
    return [word.strip() for word in re.split("[,，]", text) if word.strip()]


def _map_of(word: str, maps: Path) -> tuple[str, str, str]:
    """Read the map of a bill; return the source's name, its subfolder, the map's text."""
    map_word, _, folder = word.partition("@")
    map_file = maps / RAILS[map_word] if map_word in RAILS else Path(map_word).expanduser()
    try:
        text = map_file.read_text("utf-8")
        read_map(text.encode())
    except (OSError, UnicodeDecodeError) as error:
        raise BesideRefusedError(
            f"{map_word} 不是 is none of {', '.join(RAILS)}，"
            f"也读不到这个对照表 and no map can be read from {map_file}"
        ) from error
    except MapRefusedError as refusal:
        raise BesideRefusedError(f"{map_file}: {refusal}") from refusal
    name = map_word if map_word in RAILS else map_file.stem.replace("_", "-")
    return name, folder or name, text


def _source(
    word: str,
    project: str,
    maps: Path,
    files: dict[str, str],
    projects: list[str],
    *,
    own_list: bool = False,
) -> str:
    """Put the map of a bill among the files and its projects among the projects."""
    name, folder, text = _map_of(word, maps)
    text = PROJECT_LINE.sub(lambda _: f"code = {_text(project)}", text, count=1)
    files[f"{name}.toml"] = text
    given = read_map(text.encode())
    projects += given.project_codes
    title = TITLES.get(name) or (given.open.channel.name_zh if given.open else "")
    if not title and own_list:
        title = LIST_TITLE
    titled = f"title = {_text(title)}\n" if title else ""
    return (
        f"[[source]]\nname = {_text(name)}\n{titled}files = {_text(f'{folder}/*')}\n"
        f"map = {_text(f'{name}.toml')}\n"
    )


def _head(answers: Mapping[str, str], projects: Sequence[str]) -> str:
    permille = answers["permille"].strip()
    if not permille.isascii() or not permille.isdigit():
        raise BesideRefusedError(f"running costs are a whole number per mille, not {permille!r}")
    lines = ["# 旁路公示的设置。说明见 docs/zh/beside.md 和 docs/how-to-beside.md。", ""]
    keys = ("charity", "name_zh", "name_en", "notice", "by", "second")
    lines += [f"{key} = {_text(answers[key].strip())}" for key in keys]
    lines += ["publish_hour = 10 # 北京时间几点以后公示前一日"]
    for project in projects:
        lines += ["", "[[project]]", f"code = {_text(project)}"]
        lines += [f"running_permille = {int(permille)}"]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Write a TOML string: JSON's escapes are TOML's as well. Raises BesideRefusedError."""
    if any(not char.isprintable() and char != "\n" for char in text):
        raise BesideRefusedError(f"{text!r} holds characters that cannot be shown")
    return json.dumps(text, ensure_ascii=False)

"""Writing the settings of beside mode from a few answers, with the maps that they name. Pure.

The result is an ordinary folder: one settings file and one map a source, for a person to read,
change and keep with the vouchers.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from jusha.giving.beside_settings import BesideRefusedError

RAILS: Final = {
    "wechat": "wechat.toml",
    "alipay": "alipay_trade.toml",
    "alipay-account": "alipay_account.toml",
}
"""Bills that every installation knows: the word for them, and the map that comes with Jusha."""
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
        "有哪些账单：wechat、alipay、alipay-account，或您自己的对照表文件，用逗号隔开",
        "which bills: wechat, alipay, alipay-account, or map files of your own, with commas",
        "wechat,alipay",
    ),
    Question(
        "lists",
        "自己的捐赠名单，写成 对照表文件=账单，可不写",
        "your own lists as MAPFILE=BILL, or nothing",
        "",
    ),
    Question("goods", "物资表所在的子文件夹，可不写", "subfolder of goods tables, or nothing", ""),
)


def written(answers: Mapping[str, str], *, maps: Path) -> dict[str, str]:
    """Turn answers into files: name -> text; `maps` is where the maps of Jusha lie.

    Every source reads the subfolder of its own name. Raises BesideRefusedError for a map that
    is not there.
    """
    files: dict[str, str] = {}
    sources = []
    for word in _words(answers["bills"]):
        name, map_name = _bill(word, answers["project"], maps, files)
        sources.append(_source(name, map_name))
    for word in _words(answers["lists"]):
        map_file, _, bill = word.partition("=")
        name, map_name = _bill(map_file, answers["project"], maps, files)
        sources.append(_source(name, map_name) + f"beside = {_text(bill)}\n")
    if goods := answers["goods"].strip():
        sources.append(f"[[goods]]\nname = {_text(goods)}\nfiles = {_text(f'{goods}/*')}\n")
    files["beside.toml"] = _head(answers) + "\n".join(["", *sources])
    return files


def _words(text: str) -> list[str]:
    return [word.strip() for word in re.split("[,，]", text) if word.strip()]


def _bill(word: str, project: str, maps: Path, files: dict[str, str]) -> tuple[str, str]:
    """Read the map of a bill and put it among the files; return the source's and map's name."""
    known = word in RAILS
    map_file = maps / RAILS[word] if known else Path(word)
    try:
        text = map_file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BesideRefusedError(
            f"{word} is none of {', '.join(RAILS)}, and no map can be read from {map_file}"
        ) from error
    name = word if known else map_file.stem.replace("_", "-")
    files[f"{name}.toml"] = PROJECT_LINE.sub(lambda _: f"code = {_text(project)}", text, count=1)
    return name, f"{name}.toml"


def _source(name: str, map_name: str) -> str:
    return (
        f"[[source]]\nname = {_text(name)}\nfiles = {_text(f'{name}/*')}\nmap = {_text(map_name)}\n"
    )


def _head(answers: Mapping[str, str]) -> str:
    permille = answers["permille"].strip()
    if not permille.isascii() or not permille.isdigit():
        raise BesideRefusedError(f"running costs are a whole number per mille, not {permille!r}")
    lines = ["# 旁路公示的设置。说明见 docs/how-to-beside.md。", ""]
    keys = ("charity", "name_zh", "name_en", "notice", "by", "second")
    lines += [f"{key} = {_text(answers[key].strip())}" for key in keys]
    lines += ["publish_hour = 10 # 北京时间几点以后公示前一日", "", "[[project]]"]
    lines += [f"code = {_text(answers['project'].strip())}", f"running_permille = {int(permille)}"]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Write a TOML string: JSON's escapes are TOML's as well. Raises BesideRefusedError."""
    if any(not char.isprintable() and char != "\n" for char in text):
        raise BesideRefusedError(f"{text!r} holds characters that cannot be shown")
    return json.dumps(text, ensure_ascii=False)

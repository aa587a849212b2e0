"""Writing the settings of beside mode from a few answers, with the maps that they name.

Every answer is tried at its own question: the settings are written as far as they are known into
a folder that is thrown away, and read as `jusha beside` will read them. The result is an ordinary
folder: one settings file and one map a source, for a person to read, change and keep with the
vouchers.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from jusha.giving.beside_settings import (
    NOTICE_MAX,
    NOTICE_MIN,
    TITLE_MAX,
    BesideRefusedError,
    is_log_name,
    read_beside,
)
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
    Question("name_en", "机构英文名，可不写", "its name in English, or nothing", ""),
    Question("notice", "写给捐赠人的说明（必填）", "your notice to donors", NOTICE),
    Question("by", "经办人姓名", "who answers for it", "经办人"),
    Question("second", "复核人姓名", "who checks", "复核人"),
    Question("project", "项目代码（拼音或英文）", "code of the project", "general"),
    Question("project_zh", "项目名称，显示在页面上", "name of the project, for pages", "日常捐赠"),
    Question("permille", "备案的管理费，千分之几", "running costs, per mille as filed", "0"),
    Question(
        "log",
        "公示账本的名字：您的网址加 /log，例如 donate.example.org/log。它写进每一个签名，"
        "以后不能改；先试用可不写",
        "name of the public log, such as donate.example.org/log, for ever; or nothing, for a trial",
        "",
    ),
    Question(
        "bills",
        "有哪些账单，用逗号隔开：微信写 wechat，支付宝业务明细写 alipay，账务明细写 "
        "alipay-account，其他账单写 对照表文件@子文件夹（子文件夹的名字也会显示在页面上）",
        "which bills: wechat, alipay, alipay-account, or MAPFILE@SUBFOLDER, with commas",
        "wechat,alipay",
    ),
    Question(
        "lists",
        "自己的捐赠名单，写成 对照表文件@子文件夹=账单代码，可不写",
        "your own lists as MAPFILE@SUBFOLDER=BILL, or nothing",
        "",
    ),
    Question(
        "goods",
        "物资表所在的子文件夹，例如 物资，可不写",
        "subfolder of goods tables, or nothing",
        "",
    ),
)
TRIED: Final = {question.key: question.default for question in QUESTIONS}
LATER: Final = {"bills": "", "lists": "", "goods": ""}
"""What the settings are tried with while these are not answered yet."""
MEANS_NOTHING: Final = frozenset('*?[]\\:<>|"')
"""Characters of patterns, and those that some disks do not take, in a folder's name."""


def wrong(key: str, answer: str, before: Mapping[str, str], *, maps: Path) -> str:
    """Say in two languages what is wrong with an answer, or ""; `before` are those given so far."""
    text = answer.strip()
    if not text.replace("\n", "" if key == "notice" else "\n").isprintable():
        return "有看不见的字符，请重新输入 it holds characters that cannot be shown"
    if key in {"bills", "lists", "goods"}:
        return _wrong_sources(key, {**TRIED, **LATER, **before, key: text}, maps)
    return next(_wrong_word(key, text, before), "")


def _wrong_word(key: str, text: str, before: Mapping[str, str]) -> Iterator[str]:
    """Complain of an answer that stands by itself."""
    if key in {"charity", "project"} and not CODE.fullmatch(text):
        yield "只能用字母、数字、点和横线，至多 40 个 1 to 40 of A-Z a-z 0-9 . _ -"
    if key == "notice" and not NOTICE_MIN <= len(text) <= NOTICE_MAX:
        yield f"需要 {NOTICE_MIN} 到 {NOTICE_MAX} 个字 {NOTICE_MIN} to {NOTICE_MAX} characters"
    if key in {"by", "second", "name_zh", "project_zh"} and not text:
        yield "不能空着 this may not be empty"
    if key == "project_zh" and len(text) > TITLE_MAX:
        yield f"至多 {TITLE_MAX} 个字 at most {TITLE_MAX} characters"
    if key == "second" and text == before.get("by", "").strip():
        yield "复核人不能是经办人 two different persons"
    if key == "permille" and not (text.isascii() and text.isdigit() and int(text) <= PERMILLE_MAX):
        yield "0 到 1000 的整数 a whole number from 0 to 1000"
    if key == "log" and text and not is_log_name(text):
        yield (
            "写成 donate.example.org/log 的样子：小写，不带 https://，不带空格 an address in small"
            " letters without https://"
        )


def _wrong_sources(key: str, answers: Mapping[str, str], maps: Path) -> str:
    """Say why the sources named so far cannot be read together, or ""."""
    try:
        if complaint := next(_wrong_names(key, answers, maps), ""):
            return complaint
        with TemporaryDirectory(prefix="beside-") as folder:
            for name, text in written(answers, maps=maps).items():
                (Path(folder) / name).write_text(text, "utf-8")
            read_beside(Path(folder) / "beside.toml")
    except BesideRefusedError as refusal:
        return str(refusal)
    return ""


def _wrong_names(key: str, answers: Mapping[str, str], maps: Path) -> Iterator[str]:
    """Complain of bills, lists and subfolders by their names. Raises BesideRefusedError."""
    codes = bill_codes(answers, maps=maps)
    if not codes:
        yield "至少写一种账单 at least one bill is needed"
    named = codes + [_map_of(word, maps)[0] for word in _list_maps(answers)]
    if twice := [name for name in named if named.count(name) > 1]:
        yield (
            f"{twice[0]} 写了两次：每份对照表用一个文件名"
            f" {twice[0]} is named twice: give each map a name of its own"
        )
    if key == "lists":
        yield from _wrong_lists(answers["lists"], codes)
    if lost := [each for each in _folders(answers) if not _is_folder(each)]:
        yield (
            f"子文件夹 {lost[0]} 写不成：只写文件夹的名字"
            f" {lost[0]} cannot be: write the name alone, without .. * ? or a drive"
        )
    if key == "goods" and (taken := set(_words(answers["goods"])) & _taken(answers, maps)):
        yield (
            f"{min(taken)} 已经用来放账单或名单，请给物资表另一个子文件夹"
            f" {min(taken)} holds bills or lists already: name another"
        )


def _wrong_lists(text: str, codes: Sequence[str]) -> Iterator[str]:
    """Complain of a list that names no bill that there is."""
    known = "、".join(codes)
    for word in _words(text):
        map_word, equals, bill = word.rpartition("=")
        if not equals or not map_word:
            yield (
                f"{word} 没有写明和哪种账单相对：后面加上 = 和账单代码（{known}），例如"
                f" {word}={codes[0]} say with =BILL which bill it belongs to: {known}"
            )
        elif bill.strip() not in codes:
            yield (
                f"没有代码是 {bill} 的账单，可以写：{known} no bill is called {bill};"
                f" there are: {known}"
            )


def _is_folder(text: str) -> bool:
    """Say whether a text names a folder below the watched one."""
    parts = text.split("/")
    return all(part.strip(". ") and not MEANS_NOTHING & set(part) for part in parts)


def _folders(answers: Mapping[str, str]) -> list[str]:
    """The subfolders that answers name themselves."""
    named = [word.partition("@") for word in [*_words(answers["bills"]), *_list_maps(answers)]]
    return [folder for _, at, folder in named if at] + _words(answers["goods"])


def _taken(answers: Mapping[str, str], maps: Path) -> set[str]:
    """The subfolders of bills and lists."""
    named = [*_words(answers["bills"]), *_list_maps(answers)]
    return {_map_of(word, maps)[1] for word in named}


def _list_maps(answers: Mapping[str, str]) -> list[str]:
    """What the answers say of lists, without the bills that they belong to."""
    return [word.rpartition("=")[0] or word for word in _words(answers["lists"])]


def bill_codes(answers: Mapping[str, str], *, maps: Path) -> list[str]:
    """The codes of the bills that were named, as a list names the one that it belongs to.

    Raises BesideRefusedError for a map that cannot be read.
    """
    return [_map_of(word, maps)[0] for word in _words(answers["bills"])]


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
        bill = bill.strip()
        sources.append(f"{source}beside = {_text(bill)}\n")
    for number, goods in enumerate(_words(answers["goods"]), 1):
        name = "goods" if number == 1 else f"goods-{number}"
        sources.append(f"[[goods]]\nname = {_text(name)}\nfiles = {_text(f'{goods}/*')}\n")
    opened = list(dict.fromkeys(projects)) or [project]
    files["beside.toml"] = _head(answers, opened) + "\n".join(["", *sources])
    return files


def _words(text: str) -> list[str]:
    return [word.strip() for word in re.split("[,，]", text) if word.strip()]


def _map_of(word: str, maps: Path) -> tuple[str, str, str]:
    """Read the map of a bill; return the source's name, its subfolder, the map's text."""
    map_word, _, folder = (part.strip() for part in word.partition("@"))
    map_file = maps / RAILS[map_word] if map_word in RAILS else Path(map_word).expanduser()
    try:
        text = map_file.read_text("utf-8")
        read_map(text.encode())
    except (OSError, UnicodeDecodeError) as error:
        raise BesideRefusedError(
            f"{map_word} 不是 {'、'.join(RAILS)} 之一，也没有叫这个名字的对照表文件"
            f" it is none of these words, and no map can be read from {map_file}"
        ) from error
    except MapRefusedError as refusal:
        raise BesideRefusedError(f"{map_file}: {refusal}") from refusal
    name = map_word if map_word in RAILS else map_file.stem.replace("_", "-")
    if not CODE.fullmatch(name):
        raise BesideRefusedError(
            f"对照表的文件名只能用字母、数字、点和横线，请把 {map_file.name} 改名，"
            "例如 my-bank.toml"
            f" the name of {map_file.name} may have A-Z a-z 0-9 . _ - alone: rename it"
        )
    return name, folder.strip("/") or name, text


def _source(
    word: str,
    project: str,
    maps: Path,
    files: dict[str, str],
    projects: list[str],
    *,
    own_list: bool = False,
) -> str:
    """Put the map of a bill among the files and its projects among the projects.

    A bill that has no title of its own is called after its subfolder, as people named it.
    """
    name, folder, text = _map_of(word, maps)
    text = PROJECT_LINE.sub(lambda _: f"code = {_text(project)}", text, count=1)
    files[f"{name}.toml"] = text
    given = read_map(text.encode())
    projects += given.project_codes
    title = TITLES.get(name) or (given.open.channel.name_zh if given.open else "")
    title = title or (LIST_TITLE if own_list else folder[:TITLE_MAX])
    return (
        f"[[source]]\nname = {_text(name)}\ntitle = {_text(title)} # 显示在页面上，可以改\n"
        f"files = {_text(f'{folder}/*')}\nmap = {_text(f'{name}.toml')}\n"
    )


def _head(answers: Mapping[str, str], projects: Sequence[str]) -> str:
    permille = answers["permille"].strip()
    if not permille.isascii() or not permille.isdigit():
        raise BesideRefusedError(
            f"管理费是千分之几，写整数，不能是 {permille!r}"
            " running costs are a whole number per mille"
        )
    lines = ["# 旁路公示的设置。说明见 docs/zh/beside.md 和 docs/how-to-beside.md。", ""]
    keys = ("charity", "name_zh", "name_en", "notice", "by", "second")
    lines += [f"{key} = {_text(answers[key].strip())}" for key in keys if answers[key].strip()]
    lines += ["publish_hour = 10 # 北京时间几点以后公示前一日"]
    if log := answers["log"].strip():
        lines += [f"log = {_text(log)} # 公示账本的名字，开始公示以后不能改"]
    for project in projects:
        is_named = len(projects) == 1 or project == answers["project"].strip()
        name = answers["project_zh"].strip() if is_named else ""
        lines += ["", "[[project]]", f"code = {_text(project)}"]
        lines += [f"name_zh = {_text(name)} # 显示在页面上"]
        lines += [f"running_permille = {int(permille)}"]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Write a TOML string: JSON's escapes are TOML's as well. Raises BesideRefusedError."""
    if any(not char.isprintable() and char != "\n" for char in text):
        raise BesideRefusedError(
            f"{text!r} 里有看不见的字符 it holds characters that cannot be shown"
        )
    return json.dumps(text, ensure_ascii=False)

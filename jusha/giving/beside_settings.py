"""Settings of beside mode: one TOML file that says whose money it is and which files tell of it.

`jusha beside init` writes it; a person may change it with any editor. It is checked whole, with
every map that it names, before anything is read or sent.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from jusha.giving.gift_maps import (
    GiftMap,
    MapRefusedError,
    OpenChannel,
    OpenPart,
    OpenProject,
    Part,
    read_map,
)
from jusha.inbox.envelopes import CODE

SETTINGS_BYTES_MAX: Final = 64 * 1024
NOTICE_MIN: Final = 10
NOTICE_MAX: Final = 2000
TITLE_MAX: Final = 60
HOURS: Final = 24
LOG_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?:/[A-Za-z0-9._-]+)*", re.ASCII)
LOG_NAME_MAX: Final = 100
LOG_NAME_IS: Final = (
    "写成不带 https:// 的地址，例如 donate.example.org/log"
    " allowed: an address without https://, such as donate.example.org/log"
)


class BesideRefusedError(Exception):
    """The settings do not say what is needed; the text names the key and what is allowed.

    Chinese, then English.
    """


class Source(Part, frozen=True):
    """One kind of file: a rail's bills, a bank's statements, or the charity's own list."""

    name: str
    """A short code, shown to the public where there is no title."""
    files: str
    """Which files, below the watched folder: a pattern such as wechat/*.csv."""
    map: str
    """The map that says what the columns mean; beside the settings file."""
    beside: str = ""
    """Of an own list: the source whose bills it is laid beside. Its lines make no gifts."""
    title: str = ""
    """What the public reads instead of the code, such as 微信支付."""
    gives: bool = True
    """Whether the lines become gifts; a bill in other money never does."""


class Goods(Part, frozen=True):
    """Tables of goods: listed with their hash and lines, not yet tracked."""

    name: str
    files: str


class Project(Part, frozen=True):
    """What the gifts are for."""

    code: str
    name_zh: str = ""
    """What the public reads instead of the code."""
    name_en: str = ""
    running_permille: int = 0
    """Running costs in per mille of each gift, as filed."""


class BesideSettings(Part, frozen=True, kw_only=True):
    """All that beside mode is told."""

    charity: str
    """The charity's code in the log."""
    name_zh: str
    name_en: str = ""
    notice: str
    """What the charity tells its donors about this publication; every page leads to it."""
    contact: str = ""
    """Where donors ask the charity: shown where nobody takes complaints here."""
    by: str
    second: str
    """The two persons who answer for what is opened."""
    publish_hour: int = 10
    """The hour in Shanghai from which the day before is published; bills come around nine."""
    log: str = ""
    """The public log's name, for ever: part of every signature."""
    project: list[Project]
    source: list[Source]
    goods: list[Goods] = []


class Told(msgspec.Struct, frozen=True):
    """A source with its map, read and checked."""

    source: Source
    map_file: Path
    given: GiftMap
    map_sha256: str

    @property
    def gives(self) -> bool:
        """Whether its lines become gifts."""
        return self.source.gives and not self.source.beside and self.given.currency == "CNY"


class Beside(msgspec.Struct, frozen=True):
    """The settings with every map that they name."""

    settings: BesideSettings
    sources: list[Told]

    @property
    def by_name(self) -> dict[str, Told]:
        """The sources by their name."""
        return {told.source.name: told for told in self.sources}


def read_beside(file: Path) -> Beside:
    """Read settings and maps. Raises BesideRefusedError."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise BesideRefusedError(f"{file} 读不出来 cannot be read: {error.strerror}") from error
    if len(raw) > SETTINGS_BYTES_MAX:
        raise BesideRefusedError(
            f"{file} 超过 {SETTINGS_BYTES_MAX} 字节 has more than {SETTINGS_BYTES_MAX} bytes"
        )
    try:
        settings = msgspec.toml.decode(raw, type=BesideSettings)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise BesideRefusedError(
            f"{file.name} 有一处写得不对 is not as it should be: {error}"
        ) from error
    for complaint in _wrong(settings):
        raise BesideRefusedError(f"{file.name}: {complaint}")
    sources = [_told(settings, source, file.parent / source.map) for source in settings.source]
    for complaint in _wrong_together(sources):
        raise BesideRefusedError(f"{file.name}: {complaint}")
    return Beside(settings, sources)


def _told(settings: BesideSettings, source: Source, map_file: Path) -> Told:
    try:
        raw = map_file.read_bytes()
        given = read_map(raw)
    except OSError as error:
        raise BesideRefusedError(
            f"{source.name} 的对照表 {map_file} 读不出来 its map cannot be read: {error.strerror}"
        ) from error
    except MapRefusedError as refusal:
        raise BesideRefusedError(
            f"{source.name} 的对照表 {map_file.name} 有一处写得不对"
            f" its map is not as it should be: {refusal}"
        ) from refusal
    open_ = {project.code for project in settings.project}
    if lost := [code for code in given.project_codes if code not in open_]:
        raise BesideRefusedError(
            f"{source.name} 的对照表 {map_file.name} 写的项目 {lost[0]} 不在设置里，设置里有："
            f"{'、'.join(sorted(open_))}"
            f" {map_file.name} names project {lost[0]}, which the settings do not have"
        )
    return Told(source, map_file, given, hashlib.sha256(raw).hexdigest())


def _wrong(settings: BesideSettings) -> Iterator[str]:
    """Complain of values that have the right type and no good meaning."""
    codes = {"charity": settings.charity}
    codes |= {f"project[{n}].code": p.code for n, p in enumerate(settings.project)}
    codes |= {f"source[{n}].name": s.name for n, s in enumerate(settings.source)}
    codes |= {f"goods[{n}].name": g.name for n, g in enumerate(settings.goods)}
    for key, code in codes.items():
        if not CODE.fullmatch(code):
            yield (
                f"{key} = {code!r}；只能用字母、数字、点和横线，至多 40 个"
                " allowed: 1 to 40 of A-Z a-z 0-9 . _ -"
            )
    if not NOTICE_MIN <= len(settings.notice.strip()) <= NOTICE_MAX:
        yield (
            f"notice 要写 {NOTICE_MIN} 到 {NOTICE_MAX} 个字，是您给捐赠人的告知"
            f" notice needs {NOTICE_MIN} to {NOTICE_MAX} characters: your words to your donors"
        )
    if not settings.by or not settings.second or settings.by == settings.second:
        yield (
            "by 和 second 要写两个不同的人的名字"
            " by and second need the names of two different persons"
        )
    if not 0 <= settings.publish_hour < HOURS:
        yield f"publish_hour = {settings.publish_hour}；可以写 allowed: 0 - {HOURS - 1}"
    if not settings.project or not settings.source:
        yield (
            "至少要有一个项目（project）和一种账单（source）"
            " at least one project and one source are needed"
        )
    if settings.log and not is_log_name(settings.log):
        yield f"log = {settings.log!r}；{LOG_NAME_IS}"
    for name in (name for p in settings.project for name in (p.name_zh, p.name_en)):
        if len(name) > TITLE_MAX or not name.isprintable():
            yield (
                f"项目的名称是一行，至多 {TITLE_MAX} 个字，不能是 {name!r}"
                f" a project's name is one line of at most {TITLE_MAX} characters"
            )
    yield from _wrong_sources(settings)


def is_log_name(text: str) -> bool:
    """Say whether a text may name a log: an address without https:// and without blanks."""
    return LOG_NAME.fullmatch(text) is not None and len(text) <= LOG_NAME_MAX


def _wrong_sources(settings: BesideSettings) -> Iterator[str]:
    """Complain of sources that could not be told apart, or read outside the folder."""
    for title in (s.title for s in settings.source):
        if len(title) > TITLE_MAX or not title.isprintable():
            yield (
                f"title = {title!r}；只能是一行，至多 {TITLE_MAX} 个字"
                f" allowed: one line, at most {TITLE_MAX} characters"
            )
    names = [s.name for s in settings.source] + [g.name for g in settings.goods]
    if twice := [name for name in names if names.count(name) > 1]:
        yield f"有两项都叫 {twice[0]} two sources are called {twice[0]}"
    for files in [s.files for s in settings.source] + [g.files for g in settings.goods]:
        if not files or files.startswith("/") or ".." in Path(files).parts:
            yield (
                f"files = {files!r}；只能写文件夹以内的名字，例如 wechat/*"
                " allowed: a pattern below the folder"
            )


def _wrong_together(sources: list[Told]) -> Iterator[str]:
    """Complain of sources that cannot be laid beside one another."""
    by_name = {told.source.name: told for told in sources}
    for told in sources:
        other = by_name.get(told.source.beside) if told.source.beside else None
        if told.source.beside and (other is None or other.source.beside):
            yield (
                f"{told.source.name} 的 beside = {told.source.beside!r} 不是账单的名字 is no bill"
            )
        if other and other.given.currency != told.given.currency:
            yield (
                f"{told.source.name} 的币种是 {told.given.currency}，和它的账单不同"
                f" it is in {told.given.currency}, its bill is not"
            )
    channels = [told.given.channel for told in sources if told.gives]
    if twice := [code for code in channels if channels.count(code) > 1]:
        yield (f"有两种账单用同一个渠道 {twice[0]} two sources give through the channel {twice[0]}")


def opening(told: Told, settings: BesideSettings) -> GiftMap:
    """The source's map with what has to be opened for it, for `prepare_import`."""
    named = set(told.given.project_codes)
    name_en = settings.name_en or settings.name_zh
    part = OpenPart(
        charity=settings.charity,
        channel=OpenChannel(name_zh=settings.name_zh, name_en=name_en),
        projects=[
            OpenProject(code=p.code, running_permille=p.running_permille)
            for p in settings.project
            if not named or p.code in named
        ],
    )
    return msgspec.structs.replace(told.given, open=part)

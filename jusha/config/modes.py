"""What an installation may do: its mode (Charity Law sections 23 to 27), said on every page.

Two questions hang on it everywhere: may a payment rail start, and may the simulated cashier.
A mode that lacks what the law or the donors must be told is refused before anything listens.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SANDBOX: Final = "sandbox"
BESIDE: Final = "beside"
OWN_SITE: Final = "own-site"
DESIGNATED: Final = "designated"
MODES: Final = (SANDBOX, BESIDE, OWN_SITE, DESIGNATED)
BESIDE_FILE: Final = "beside.toml"
PUBLISH_HOUR: Final = 10
HOURS: Final = 24
TEXT_MAX: Final = 100
"""A platform's name or a designation's number is shown in one line of every page."""


class ModeRefusedError(ValueError):
    """The mode is not known, or lacks what it must have; the text says what to set.

    Chinese, then English: this is read before anything could ask for a language.
    """

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}。\n{en}.")


class RailsRefusedError(ModeRefusedError):
    """A payment rail, or the simulated cashier, was started in a mode that may not have it."""


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode that has all it must have; what it need not have is ""."""

    word: str
    platform: str = ""
    """own-site: the designated platform that also carries the appeal (section 27)."""
    designation: str = ""
    """designated: the number under which the ministry designated this platform."""
    notice: str = ""
    """beside: what the charity tells its donors about this publication."""
    charity: str = ""
    """beside: the charity's code in the log."""
    contact: str = ""
    """beside: where its donors ask the charity, or ""."""
    name: str = ""
    """beside: the charity's full name."""
    name_en: str = ""
    """beside: its name in English, or ""."""
    projects: tuple[tuple[str, str, str], ...] = ()
    """beside: code, Chinese and English name of every project; a name may be ""."""
    log: str = ""
    """beside: the public log's name, or "" where the settings name none."""
    publish_hour: int = PUBLISH_HOUR
    """beside: the hour in Shanghai from which the day before is published."""


def mode_word(environ: Mapping[str, str]) -> str:
    """Read JUSHA_MODE, by default the sandbox. Raises ModeRefusedError for an unknown word."""
    word = environ.get("JUSHA_MODE", SANDBOX)
    if word not in MODES:
        raise ModeRefusedError(
            f"不认识 JUSHA_MODE={word}，可以写：{'、'.join(MODES)}",
            f"JUSHA_MODE={word} is not known; it may be: {', '.join(MODES)}",
        )
    return word


def read_mode(environ: Mapping[str, str], *, home: Path) -> Mode:
    """Read the mode and what it must have. Raises ModeRefusedError."""
    word = mode_word(environ)
    if word == OWN_SITE:
        return Mode(word, platform=_asked(environ, word, "JUSHA_PLATFORM", *PLATFORM_IS))
    if word == DESIGNATED:
        return Mode(word, designation=_asked(environ, word, "JUSHA_DESIGNATION", *NUMBER_IS))
    if word == BESIDE:
        return _beside(beside_file(environ, home=home))
    return Mode(word)


PLATFORM_IS: Final = (
    "同时发布募捐信息的指定平台的名称",
    "the designated platform on which the charity also publishes its appeals",
)
NUMBER_IS: Final = ("本平台的指定文号", "the number under which this platform was designated")


def _asked(environ: Mapping[str, str], word: str, variable: str, zh: str, en: str) -> str:
    text = environ.get(variable, "").strip()
    if not text or len(text) > TEXT_MAX or not text.isprintable():
        raise ModeRefusedError(
            f"JUSHA_MODE={word} 需要 {variable}：{zh}（一行，至多 {TEXT_MAX} 个字）",
            f"JUSHA_MODE={word} needs {variable}: {en} (one line, at most {TEXT_MAX} characters)",
        )
    return text


def beside_file(environ: Mapping[str, str], *, home: Path) -> Path:
    """Where the settings of beside mode lie: JUSHA_BESIDE, else beside.toml in the home."""
    return Path(environ.get("JUSHA_BESIDE") or home / BESIDE_FILE)


def _beside(file: Path) -> Mode:
    """The mode with the charity's notice to its donors and its names, from its settings."""
    try:
        told = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise ModeRefusedError(
            f"JUSHA_MODE=beside 需要 {file}：执行 jusha beside init，一问一答就会写好",
            f"JUSHA_MODE=beside needs {file}: `jusha beside init` asks, and writes it",
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModeRefusedError(
            f"{file} 不能按 TOML 读：{error}", f"{file} cannot be read as TOML: {error}"
        ) from error
    notice = told.get("notice", "")
    if not isinstance(notice, str) or not notice.strip():
        raise ModeRefusedError(
            f"JUSHA_MODE=beside 需要机构给捐赠人的告知：请写在 {file} 的 notice 里",
            f"JUSHA_MODE=beside needs the charity's notice to its donors: `notice` in {file}",
        )
    log = _text(told, "log")
    if not log.isprintable() or " " in log:
        raise ModeRefusedError(
            f"{file} 的 log 是公示账本的名字，只能是一个词，不能是 {log!r}",
            f"`log` in {file} is the public log's name: one word, not {log!r}",
        )
    listed = told.get("project", [])
    opened = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return Mode(
        BESIDE,
        notice=notice.strip(),
        charity=_text(told, "charity"),
        contact=_text(told, "contact"),
        name=_text(told, "name_zh"),
        name_en=_text(told, "name_en"),
        projects=tuple(
            (_text(each, "code"), _text(each, "name_zh"), _text(each, "name_en")) for each in opened
        ),
        log=log,
        publish_hour=_hour(told),
    )


def _hour(told: Mapping[str, object]) -> int:
    """The hour of publishing; the usual one for what is none (`jusha beside` refuses it)."""
    hour = told.get("publish_hour")
    return hour if isinstance(hour, int) and 0 <= hour < HOURS else PUBLISH_HOUR


def _text(told: Mapping[str, object], key: str) -> str:
    """One text of the settings; what is none counts as not there (`jusha beside` refuses it)."""
    found = told.get(key, "")
    return found.strip() if isinstance(found, str) else ""


def rails_allowed(word: str) -> bool:
    """Say whether real payment rails may run: never in the sandbox, never beside."""
    return word in {OWN_SITE, DESIGNATED}


def simulator_allowed(word: str) -> bool:
    """Say whether the simulated cashier and invented worlds may run: in the sandbox alone."""
    return word == SANDBOX


def orders_allowed(word: str) -> bool:
    """Say whether a donor may place an order here: everywhere but beside, which takes no money."""
    return word != BESIDE


def require_rails(word: str) -> None:
    """Return if a payment rail may start. Raises RailsRefusedError."""
    if not rails_allowed(word):
        raise RailsRefusedError(
            f"JUSHA_MODE={word} 不能启动收款渠道，只有 own-site 和 designated 可以",
            f"no payment rail starts in JUSHA_MODE={word}: it needs own-site or designated",
        )


def require_beside(word: str) -> None:
    """Return if bills may be published beside a platform. Raises ModeRefusedError."""
    if word != BESIDE:
        raise ModeRefusedError(
            f"JUSHA_MODE={word} 不公示账单。请先在这个窗口执行 export JUSHA_MODE=beside，"
            "和执行 jusha up 的窗口一样",
            f"JUSHA_MODE={word} publishes no bills: run this with JUSHA_MODE=beside, as `jusha up`",
        )


def require_simulator(word: str) -> None:
    """Return if the simulated cashier or a demo world may start. Raises RailsRefusedError."""
    if not simulator_allowed(word):
        raise RailsRefusedError(
            f"JUSHA_MODE={word} 不能启动模拟的部分：捐赠人可能当真",
            f"nothing simulated starts in JUSHA_MODE={word}: real donors could take it for real",
        )

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
TEXT_MAX: Final = 100
"""A platform's name or a designation's number is shown in one line of every page."""


class ModeRefusedError(ValueError):
    """The mode is not known, or lacks what it must have; the text says what to set."""


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
    name: str = ""
    """beside: the charity's full name."""


def mode_word(environ: Mapping[str, str]) -> str:
    """Read JUSHA_MODE, by default the sandbox. Raises ModeRefusedError for an unknown word."""
    word = environ.get("JUSHA_MODE", SANDBOX)
    if word not in MODES:
        raise ModeRefusedError(f"JUSHA_MODE={word} is not known; it may be: {', '.join(MODES)}")
    return word


def read_mode(environ: Mapping[str, str], *, home: Path) -> Mode:
    """Read the mode and what it must have. Raises ModeRefusedError."""
    word = mode_word(environ)
    if word == OWN_SITE:
        return Mode(word, platform=_asked(environ, word, "JUSHA_PLATFORM", PLATFORM_IS))
    if word == DESIGNATED:
        return Mode(word, designation=_asked(environ, word, "JUSHA_DESIGNATION", NUMBER_IS))
    if word == BESIDE:
        notice, charity, name = _notice(beside_file(environ, home=home))
        return Mode(word, notice=notice, charity=charity, name=name)
    return Mode(word)


PLATFORM_IS: Final = "the designated platform on which the charity also publishes its appeals"
NUMBER_IS: Final = "the number under which this platform was designated"


def _asked(environ: Mapping[str, str], word: str, variable: str, what: str) -> str:
    text = environ.get(variable, "").strip()
    if not text or len(text) > TEXT_MAX or not text.isprintable():
        raise ModeRefusedError(
            f"JUSHA_MODE={word} needs {variable}: {what} (one line, at most {TEXT_MAX} characters)"
        )
    return text


def beside_file(environ: Mapping[str, str], *, home: Path) -> Path:
    """Where the settings of beside mode lie: JUSHA_BESIDE, else beside.toml in the home."""
    return Path(environ.get("JUSHA_BESIDE") or home / BESIDE_FILE)


def _notice(file: Path) -> tuple[str, str, str]:
    """The charity's notice to its donors, its code and its name, from its settings."""
    try:
        told = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise ModeRefusedError(
            f"JUSHA_MODE=beside needs {file}: `jusha beside init` asks, and writes it"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModeRefusedError(f"{file} cannot be read as TOML: {error}") from error
    notice = told.get("notice", "")
    if not isinstance(notice, str) or not notice.strip():
        raise ModeRefusedError(
            f"JUSHA_MODE=beside needs the charity's notice to its donors: `notice` in {file}"
        )
    return notice.strip(), str(told.get("charity", "")), str(told.get("name_zh", ""))


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
            f"no payment rail starts in JUSHA_MODE={word}: it needs own-site or designated"
        )


def require_beside(word: str) -> None:
    """Return if bills may be published beside a platform. Raises ModeRefusedError."""
    if word != BESIDE:
        raise ModeRefusedError(
            f"JUSHA_MODE={word} publishes no bills: run this with JUSHA_MODE=beside, as `jusha up`"
        )


def require_simulator(word: str) -> None:
    """Return if the simulated cashier or a demo world may start. Raises RailsRefusedError."""
    if not simulator_allowed(word):
        raise RailsRefusedError(
            f"nothing simulated starts in JUSHA_MODE={word}: real donors could take it for real"
        )

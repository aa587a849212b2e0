"""Which names hang on the wall as they come, and how they are looked for. Pure.

A name is shown because its donor asked for it with the gift. One that holds a word of the list, or
looks like a number to call, an address or a link, waits for a person. A report hides a name at
once; a person shows it again, which no further report undoes, or removes it for good.
"""

import re
import unicodedata
from collections.abc import Collection
from enum import IntEnum
from typing import Final

KEY_MAX: Final = 80
FOUND_MAX: Final = 50
REPORT_MAX: Final = 200
DIGITS: Final = re.compile(r"(?:\d[\s.-]?){6}")
LINK: Final = re.compile(r"https?:|www\.|://|[@＠]|\.(?:com|cn|net|org|top|xyz)\b")


class State(IntEnum):
    """What became of a name."""

    SHOWN = 0
    HELD = 1
    """Waits for a person before it is ever shown."""
    HIDDEN = 2
    """Was shown, reported, and waits for a person."""
    REMOVED = 3


def folded(name: str) -> str:
    """A name as it is looked for: one width, one case, no blanks."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(plain.split())[:KEY_MAX]


def judged(name: str, words: Collection[str]) -> State:
    """Whether a name is shown as it comes. `words` are folded."""
    key = folded(name)
    suspect = not key or DIGITS.search(key) or LINK.search(key)
    return State.HELD if suspect or any(word in key for word in words) else State.SHOWN

"""Which language a page is in: simplified Chinese, traditional Chinese, or English.

Chinese is the source. What people wrote stands in Chinese and English in the database; the
Chinese is shown in the reader's characters (hant.py).
"""

from typing import Final

from django.utils.translation import get_language

from jusha.web.hant import traditional

HTML: Final = {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}
"""How HTML spells the languages whose Django codes it spells otherwise."""


def html_language(code: str) -> str:
    """A Django language code as the lang attribute has it."""
    return HTML.get(code, code)


def in_english() -> bool:
    """Whether the reader reads English; all others read Chinese."""
    return (get_language() or "").startswith("en")


def stamped(text: str) -> tuple[str, str]:
    """A seal's characters as the reader writes them, and their language for HTML.

    A seal is a seal: Chinese to every reader, Traditional to those who read that.
    """
    is_hant = get_language() == "zh-hant"
    return (traditional(text), "zh-Hant") if is_hant else (text, "zh-Hans")


def in_words(chinese: str, english: str) -> str:
    """What somebody wrote in two languages, in the reader's."""
    if in_english():
        return english
    return traditional(chinese) if get_language() == "zh-hant" else chinese

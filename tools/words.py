"""Bring the catalogues up to the code: `make words`, which is `python -m tools.words`.

Chinese (Simplified) is the source and stands in the code. English is written by hand in
locale/en/LC_MESSAGES/django.po and must be complete; Traditional Chinese is made from the source
by jusha/web/hant.py and never edited. Needs GNU gettext to read the source (Debian: gettext).

`python -m tools.words --from FILE ...` takes English from other .po files first, for messages that
have none yet.
"""

import argparse
import os
import sys
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent / "jusha"
ENGLISH: Final = ROOT / "locale" / "en" / "LC_MESSAGES" / "django.po"
HANT: Final = ROOT / "locale" / "zh_Hant" / "LC_MESSAGES" / "django.po"
HANT_HEADER: Final = """\
# Traditional Chinese words of Jusha, made from the source by tools/words.py: do not edit.
# What should read otherwise is changed in jusha/web/hant.py.
msgid ""
msgstr ""
"Project-Id-Version: jusha 0.1\\n"
"Language: zh_Hant\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""


def read(path: Path) -> Catalog:
    """One catalogue."""
    with path.open("rb") as file:
        return read_po(file)


def forms(message: Message) -> tuple[str, ...]:
    """What a message is told as: one form, or one for each plural."""
    said = message.string
    return (said,) if isinstance(said, str) else tuple(said or ())


def told(message: Message) -> bool:
    """Whether every form of a message is there and sure."""
    return not message.fuzzy and bool(forms(message)) and all(forms(message))


def missing(catalogue: Catalog) -> list[str]:
    """The messages that have no English, or an unsure one."""
    return [str(each.id) for each in catalogue if each.id and not told(each)]


def traditional_text(english: Catalog) -> str:
    """The Traditional catalogue as a file: the English one's messages in their order, no dates."""
    from jusha.web.hant import reworded

    made = Catalog(locale="en")  # two forms, as the source has them
    for message in english:
        if message.id:
            one = message.id if isinstance(message.id, str) else ""
            said: Any = reworded(one) if one else tuple(map(reworded, message.id))
            made.add(message.id, said, flags=message.flags, context=message.context)
    body = BytesIO()
    write_po(body, made, width=0, omit_header=True)
    return HANT_HEADER + body.getvalue().decode().strip("\n") + "\n"


def compile_catalogue(path: Path) -> None:
    """Write the .mo beside a .po."""
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, read(path))


def extract() -> None:
    """Bring the English catalogue's messages up to the source, with no guess and none left over."""
    from django.core.management import call_command
    from django.core.management.commands import makemessages

    class Exact(makemessages.Command):
        msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    before = Path.cwd()
    os.chdir(ROOT)
    try:
        call_command(
            Exact(),
            locale=["en"],
            no_wrap=True,
            add_location="file",
            no_obsolete=True,
            ignore_patterns=["static/*"],
        )
    finally:
        os.chdir(before)


def take(english: Catalog, others: list[Path]) -> int:
    """Fill messages that have no English from other files; return how many."""
    taken = 0
    for path in others:
        for other in read(path):
            mine = english.get(other.id, other.context) if other.id else None
            alike = mine is not None and isinstance(mine.id, str) == isinstance(other.string, str)
            if mine is not None and alike and not told(mine) and other.string:
                mine.string = other.string
                mine.flags.discard("fuzzy")
                taken += 1
    return taken


def fill(others: list[Path]) -> int:
    """Take English from other files into the English file; its own lines stay as they are."""
    english = read(ENGLISH)
    taken = take(english, others)
    if taken:
        whole = BytesIO()
        write_po(whole, english, width=0)
        ENGLISH.write_text(whole.getvalue().decode().rstrip("\n") + "\n", "utf-8")
    return taken


def main() -> int:
    """Extract, take, check, convert, compile; exit code 1 names what has no English."""
    parser = argparse.ArgumentParser(description="Bring the catalogues up to the code.")
    parser.add_argument("--from", nargs="+", type=Path, default=[], dest="others", metavar="FILE")
    others: list[Path] = parser.parse_args().others
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    django.setup()
    extract()
    taken = fill(others)
    english = read(ENGLISH)
    HANT.parent.mkdir(parents=True, exist_ok=True)
    HANT.write_text(traditional_text(english), "utf-8")
    for path in (ENGLISH, HANT):
        compile_catalogue(path)
    without = missing(english)
    for each in without:
        sys.stdout.write(f"no English: {each}\n")
    count = sum(1 for each in english if each.id)
    sys.stdout.write(f"{count} messages, {taken} taken, {len(without)} without English\n")
    return 1 if without else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Write docs/reference.md from the code: `make reference`, which is `python -m tools.reference`.

Commands with their options, pages, kinds of instruction, entry and rule, the door's refusals: all
come from the code that acts on them. What an environment variable is for cannot be read from code;
that is written by hand in docs/settings.toml, and every variable must be there.
"""

import argparse
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import django

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "reference.md"
SETTINGS: Final = ROOT / "docs" / "settings.toml"
HEAD: Final = """\
# Reference

Written by `make reference` from the code; a test fails when it is out of date. Do not edit it:
what variables mean stands in [settings.toml](settings.toml), everything else in the code.

[Commands](#commands) · [Settings](#settings) · [Pages](#pages) · [Instructions](#instructions) ·
[Entries](#entries-of-the-log) · [Kinds of rule](#kinds-of-rule) · [The door](#the-door)
"""
DJANGO_OPTIONS: Final = frozenset(
    {"help", "version", "verbosity", "settings", "pythonpath", "traceback", "no_color"}
    | {"force_color", "skip_checks"}
)
A_BILLION: Final = 1_000_000_000
"""A default above it is a time, and another one tomorrow."""
READ: Final = re.compile(r"""["']((?:JUSHA|DATABASE)_[A-Z_]+)["']""")


class OutOfStepError(Exception):
    """docs/settings.toml and the code name different variables."""


def cell(text: str) -> str:
    """A text for a cell of a table, on one line."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; the cells are Markdown already."""
    lines = [f"| {' | '.join(row)} |" for row in (head, tuple("---" for _ in head), *rows)]
    return "\n".join(lines) + "\n"


def first_sentence(thing: object) -> str:
    """The promise of a docstring: its first sentence."""
    paragraph = " ".join(str(getattr(thing, "__doc__", None) or "").split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0]


# --- commands ---------------------------------------------------------------------------------


def spelt(action: argparse.Action) -> str:
    """An option or argument as one types it."""
    if not action.option_strings:
        name = str(action.metavar or action.dest)
        return f"[{name}]" if action.nargs in {"?", "*"} else name
    name = action.option_strings[-1]
    if action.nargs == 0:
        return name
    named = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    said = "|".join(map(str, action.choices)) if action.choices else named
    return f"{name} {said}".replace("|", "\\|")


def meaning(action: argparse.Action) -> str:
    """What an option is for, with its default where the words do not say it."""
    said = "" if action.help in {None, argparse.SUPPRESS} else cell(str(action.help))
    said = said.replace("%(default)s", str(action.default)).replace("%%", "%")
    if action.required and action.option_strings:
        said = f"{said} (required)".strip()
    told = action.default
    plain = isinstance(told, int | float | str) and told not in {"", False}
    by_clock = isinstance(told, int) and told > A_BILLION
    if (
        plain
        and not by_clock
        and action.nargs != 0
        and "default" not in said
        and not action.required
    ):
        said = f"{said} (default `{action.default}`)".strip()
    return said


def options(parser: argparse.ArgumentParser) -> list[tuple[str, ...]]:
    """The rows of a parser's own options and arguments."""
    return [
        (f"`{spelt(each)}`", meaning(each))
        for each in parser._actions  # noqa: SLF001 - argparse has no public way to ask
        if each.dest not in DJANGO_OPTIONS
        and each.help != argparse.SUPPRESS
        and not isinstance(each, argparse._SubParsersAction)  # noqa: SLF001 - as above
    ]


def below(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """The subcommands of a parser: name, what it is for, parser. Hidden ones are left out."""
    for action in parser._actions:  # noqa: SLF001 - as above
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {each.dest: each.help or "" for each in action._choices_actions}  # noqa: SLF001
            for name, child in action.choices.items():
                if helps.get(name, "") != argparse.SUPPRESS:
                    yield name, helps.get(name, ""), child


def command(name: str) -> str:
    """The section of one command."""
    from django.core.management import load_command_class

    found = load_command_class("jusha", name)
    parser = found.create_parser("jusha", name)
    lines = [f"### jusha {name}", "", cell(first_sentence(found)), ""]
    if rows := options(parser):
        lines += [table(("option", "meaning"), rows)]
    for sub, said, child in below(parser):
        lines += [f"**`jusha {name} {sub}`**: {cell(said)}", ""]
        if rows := options(child):
            lines += [table(("option", "meaning"), rows)]
    return "\n".join(lines).rstrip() + "\n"


def command_names() -> list[str]:
    """Our own commands."""
    return sorted(path.stem for path in (ROOT / "jusha/management/commands").glob("[a-z]*.py"))


def commands() -> str:
    """Every command, first in one table, then one by one."""
    from django.core.management import load_command_class

    rows = []
    for name in command_names():
        said = re.sub(r"(?<!\.)\.$", "", str(load_command_class("jusha", name).help))
        rows.append((f"[`jusha {name}`](#jusha-{name})", cell(said[:1].lower() + said[1:])))
    text = (
        "## Commands\n\n`jusha help` lists them with Django's own; `jusha help NAME` tells one"
        " in full. Options that every command of Django has are left out here.\n\n"
    )
    return text + "\n".join(
        [table(("command", "what it does"), rows), *map(command, command_names())]
    )


# --- settings ---------------------------------------------------------------------------------


def variables() -> set[str]:
    """The environment variables that the configuration reads."""
    found: set[str] = set()
    for path in (ROOT / "jusha" / "config").rglob("*.py"):
        for line in path.read_text("utf-8").splitlines():
            if any(word in line for word in ("environ", "ENV", "_URL", "PG_BIN")):
                found |= set(READ.findall(line))
    return found


def settings() -> str:
    """Every environment variable, as docs/settings.toml tells it. Raises OutOfStepError."""
    told = tomllib.loads(SETTINGS.read_text("utf-8"))
    if difference := told.keys() ^ variables():
        raise OutOfStepError(f"in docs/settings.toml or in the code alone: {sorted(difference)}")
    rows = [(f"`{name}`", each["default"], each["meaning"]) for name, each in told.items()]
    return "## Settings\n\nAll come from the environment.\n\n" + table(
        ("variable", "default", "meaning"), rows
    )


# --- what the code knows by name --------------------------------------------------------------


def readable(pattern: str) -> str:
    """A route as an address: groups by their names, no anchors."""
    found, place, depth = [], 0, 0
    while place < len(pattern):
        if (group := re.match(r"\(\?P<(\w+)>", pattern[place:])) and not depth:
            found.append(f"<{group[1]}>")
            depth, place = 1, place + group.end()
            continue
        letter = pattern[place]
        escaped = letter == "\\"
        if depth:
            depth += (letter == "(") - (letter == ")")
        elif escaped:
            found.append(pattern[place + 1].replace("Z", ""))
        elif letter not in "^$":
            found.append(letter)
        place += 2 if escaped else 1
    return re.sub(r"<\w+:(\w+)>", r"<\1>", "/" + "".join(found))


def pages() -> str:
    """Every address of the web process."""
    from django.urls import URLResolver

    from jusha.web import office
    from jusha.web.urls import urlpatterns

    rows = []
    patterns: list[Any] = urlpatterns
    for each in patterns:
        if isinstance(each, URLResolver):  # the back office: one row for all its lists
            rows.append((f"`{readable(str(each.pattern))}`", cell(first_sentence(office))))
            continue
        view: Any = each.callback
        if each.name:
            said = first_sentence(view).replace("``", "`")
            rows.append((f"`{readable(str(each.pattern))}`", cell(said)))
    return (
        "## Pages\n\nAddresses of the web process; the door's are [below](#the-door) and in"
        " [door.md](door.md).\n\n" + table(("address", "what it answers"), dict.fromkeys(rows))
    )


def instructions() -> str:
    """Every kind of instruction."""
    from jusha.settlement.audit_leaves import TWO_PERSONS
    from jusha.settlement.instructions import HANDLERS

    rows = [
        (f"`{kind}`", cell(first_sentence(handler)), "two" if kind in TWO_PERSONS else "one")
        for kind, handler in HANDLERS.items()
    ]
    return (
        "## Instructions\n\n`jusha instruct KIND name=value ... --by A [--second B]`; what stands"
        " in braces are the names. Each is an envelope in the inbox and, where others must know of"
        " it, an entry in the log.\n\n" + table(("kind", "what it does", "persons"), rows)
    )


def entries() -> str:
    """Every kind of entry of the log, with the fields that it must and may have."""
    from django.utils import translation

    from jusha.web.words import kind_name
    from verify.recompute import MAY, MUST

    rows = []
    for kind in MUST:
        with translation.override("zh-hans"):
            chinese = kind_name(kind)
        with translation.override("en"):
            name = f"{kind_name(kind)} {chinese}"
        must, may = sorted(MUST[kind]), sorted(MAY[kind] - MUST[kind])
        rows.append((f"`{kind}`", name, f"`{' '.join(must)}`", f"`{' '.join(may)}`" if may else ""))
    return (
        "## Entries of the log\n\nWhat the fields mean, with an example of each kind:"
        " [log.md](log.md#entries).\n\n" + table(("kind", "name", "always", "sometimes"), rows)
    )


def kinds() -> str:
    """Every kind of rule."""
    from jusha.matching.kinds import DRAWS, KINDS, SHARED

    rows = []
    for kind in KINDS:
        tag = str(getattr(kind, "__struct_config__").tag)  # noqa: B009 - msgspec's own name
        how = "draws" if kind in DRAWS else "can be shared later" if kind in SHARED else ""
        rows.append((f"`{tag}`", cell(first_sentence(kind)), how))
    return (
        "## Kinds of rule\n\nThe document's form: [rule.schema.json](rule.schema.json). Trying one:"
        " [how-to](how-to-try-a-rule.md).\n\n" + table(("kind", "what it gives", ""), rows)
    )


def door() -> str:
    """Every refusal of the door."""
    from jusha.door.problems import PROBLEMS

    rows = [
        (str(each.status), f"`{each.code}`", cell(each.title), cell(each.detail))
        for each in PROBLEMS
    ]
    return (
        "## The door\n\nThe protocol and its addresses: [door.md](door.md). A refusal is a problem"
        " document (RFC 9457) of the type `urn:jusha:problem:` and the code.\n\n"
        + table(("status", "code", "what happened", "what is safe, and what to do"), rows)
    )


def page() -> str:
    """The whole reference."""
    parts = (commands, settings, pages, instructions, entries, kinds, door)
    return "\n".join([HEAD, *(part().rstrip("\n") + "\n" for part in parts)])


def main() -> int:
    """Write the page."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    django.setup()
    try:
        text = page()
    except OutOfStepError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    changed = not PAGE.exists() or PAGE.read_text("utf-8") != text
    PAGE.write_text(text, "utf-8")
    sys.stdout.write(f"docs/reference.md {'written' if changed else 'was up to date'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

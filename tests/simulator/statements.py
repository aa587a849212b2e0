"""SQL as Python over the double's rows: the shapes that sets are written and found in.

A statement is read once, by its text, and must be read to its last word; what has
another shape is written by hand in special.py or refused loudly, so that nothing the
product sends can be ignored here.
"""

import json
import re
import struct
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from psycopg.types.json import Jsonb

from jusha.settlement.pack import COPY_HEADER, COPY_TRAILER, EPOCH_US, Array
from tests.simulator.database import EXCLUSIVE, SHARE, Session
from tests.simulator.schema import (
    EPOCH,
    FUNCTIONS,
    Params,
    Row,
    Table,
    python_of,
    split_list,
    tables,
)


class UnknownSqlError(BaseException):
    """The double has no meaning for this statement: give it one in special.py.

    Not an Exception, so that no part under test can take it for its own trouble.
    """


class Result(NamedTuple):
    """Rows that a statement gave, and how many it touched."""

    rows: list[Row]
    touched: int


Values = Sequence[Any] | dict[str, Any]
Statement = Callable[[Session, Values], Result]
SPECIAL: dict[str, Statement] = {}
"""By normalised text; special.py fills it."""


def one_line(sql: str) -> str:
    """A statement without comments and needless blanks, by which it is known."""
    return " ".join(re.sub(r"--[^\n]*", "", sql).split())


@cache
def statement(sql: str) -> Statement:
    """Read a statement. Raises UnknownSqlError."""
    text = one_line(sql)
    if text in SPECIAL:
        return SPECIAL[text]
    for read in (_insert_values, _insert_sets, _update_sets, _update_where, _select):
        made = read(text)
        if made is not None:
            return made
    raise UnknownSqlError(text)


def plain(value: Any) -> Any:
    """A parameter as the double keeps it."""
    if isinstance(value, Jsonb):
        return json.loads(json.dumps(value.obj))
    if isinstance(value, Array):
        return array_values(value)
    return value


def array_values(array: Array) -> list[Any]:
    """Read a binary array parameter back."""
    width = {"int4": 4, "int8": 8, "uuid": 16}[array.kind]
    data = memoryview(array.data)[20:]
    assert len(data) % (width + 4) == 0
    cut = [bytes(data[at + 4 : at + 4 + width]) for at in range(0, len(data), width + 4)]
    if array.kind == "uuid":
        return cut
    return [int.from_bytes(item, "big", signed=True) for item in cut]


def copied_rows(table: Table, data: bytes) -> list[Row]:
    """Read binary COPY bytes back as rows of a table, each field by its column's type."""
    assert data.startswith(COPY_HEADER)
    assert data.endswith(COPY_TRAILER)
    body = memoryview(data)[len(COPY_HEADER) : len(data) - len(COPY_TRAILER)]
    lengths, at = [], 2
    for _ in table.columns:
        lengths.append(int.from_bytes(body[at : at + 4], "big", signed=True))
        at += 4 + max(lengths[-1], 0)
    wire = wire_of(table.name, tuple(lengths))
    if len(body) % wire.form.size:
        raise UnknownSqlError(f"COPY {table.name}: rows of unequal width; teach copied_rows")
    rows = []
    for fields in wire.form.iter_unpack(body):
        if fields[0] != len(lengths) or fields[1::2] != wire.lengths:
            raise UnknownSqlError(f"COPY {table.name}: rows of unequal width; teach copied_rows")
        row = list(fields[2::2])
        for place, read in wire.readers:
            row[place] = read(row[place])
        rows.append(tuple(row))
    return rows


class Wire(NamedTuple):
    """How rows of one width lie in COPY bytes: length and value of each field in turn."""

    form: struct.Struct
    lengths: tuple[int, ...]
    readers: list[tuple[int, Callable[[Any], Any]]]


@cache
def wire_of(name: str, lengths: tuple[int, ...]) -> Wire:
    """The layout of a table's rows, whose fields have these lengths."""
    form, readers = ">h", []
    for place, (column, length) in enumerate(zip(tables()[name].columns, lengths, strict=True)):
        assert length == WIDTH.get(column.kind, length) >= 0, f"{column.name} has {length} bytes"
        form += "i" + {"smallint": "h", "integer": "i", "bigint": "q", "timestamptz": "q",
                       "boolean": "?"}.get(column.kind, f"{length}s")  # fmt: skip
        if column.kind in READERS:
            readers.append((place, READERS[column.kind]))
    return Wire(struct.Struct(form), lengths, readers)


WIDTH: Final = {"smallint": 2, "integer": 4, "bigint": 8, "boolean": 1, "timestamptz": 8,
                "uuid": 16}  # fmt: skip


READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "text": bytes.decode,
    "jsonb": lambda raw: json.loads(raw[1:]),
    "timestamptz": lambda us: EPOCH + timedelta(microseconds=us + EPOCH_US),
}


def copy(session: Session, sql: str, data: bytes) -> None:
    """Carry out COPY <table> FROM STDIN (FORMAT binary)."""
    found = re.fullmatch(r"COPY (\w+) FROM STDIN \(FORMAT binary\)", one_line(sql))
    if not found:
        raise UnknownSqlError(sql)
    table = tables()[found[1]]
    for row in copied_rows(table, data):
        session.insert(table, row)


def _compile(source: str) -> Any:
    return eval(source, FUNCTIONS)  # noqa: S307 - made from the product's own SQL


def _one_or_all(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def _row_of(table: Table, names: list[str]) -> Callable[[Session, Sequence[Any]], Row]:
    """Make a whole row from the values of some columns; the others get their defaults."""
    given = {table.places[name]: place for place, name in enumerate(names)}
    defaults = [column.default for column in table.columns]

    def make(session: Session, values: Sequence[Any]) -> Row:
        return tuple(
            values[given[place]]
            if place in given
            else session.now
            if default == "now()"
            else default
            for place, default in enumerate(defaults)
        )

    return make


class Conflict(NamedTuple):
    """What an INSERT does when the row is there: nothing, or set columns from the new row."""

    sets: tuple[tuple[int, Callable[[Row, Row], Any]], ...]


CONFLICT: Final = r"(?: ON CONFLICT \(([\w, ]+)\) DO (NOTHING|UPDATE SET (.*)))?"


def _conflict(table: Table, found: re.Match[str], first: int) -> Conflict | None:
    if found[first] is None:
        return None
    named = tuple(table.places[name.strip()] for name in found[first].split(","))
    assert named == table.key, f"ON CONFLICT on other columns than {table.name}'s key"
    if found[first + 1] == "NOTHING":
        return Conflict(())
    names = {f"excluded.{c.name}": f"n[{place}]" for place, c in enumerate(table.columns)}
    for place, column in enumerate(table.columns):
        names[f"{table.name}.{column.name}"] = f"o[{place}]"
    sets = [part.split(" = ", 1) for part in split_list(found[first + 2])]
    return Conflict(
        tuple((table.places[name], _compile(f"lambda o, n: {python_of(value, names)}"))
              for name, value in sets)
    )  # fmt: skip


def _store(session: Session, table: Table, row: Row, conflict: Conflict | None) -> int:
    if conflict is None:
        session.insert(table, row)
        return 1
    key = table.key_of(row)
    session.lock(table.name, key, EXCLUSIVE)
    old = session.get(table.name, key)
    if old is None:
        session.insert(table, row)
        return 1
    if not conflict.sets:
        return 0
    changed = list(old)
    session.check(table, row)  # PostgreSQL checks the row that was to be inserted, too
    for place, value in conflict.sets:
        changed[place] = value(old, row)
    session.update(table, old, tuple(changed))
    return 1


def _insert_values(text: str) -> Statement | None:
    found = re.fullmatch(rf"INSERT INTO (\w+) \(([\w, ]+)\) VALUES \((.*?)\){CONFLICT}", text)
    if not found:
        return None
    table = tables()[found[1]]
    make = _row_of(table, [name.strip() for name in found[2].split(",")])
    params = Params()
    values = [python_of(part, {}, params) for part in split_list(found[3])]
    compute = _compile(f"lambda p: ({', '.join(values)},)")
    conflict = _conflict(table, found, 4)

    def run(session: Session, given: Values) -> Result:
        assert len(given) == params.taken, text
        row = make(session, compute([plain(value) for value in given]))
        return Result([], _store(session, table, row, conflict))

    return run


UNNEST: Final = r"unnest\(((?:%s(?:::\w+\[\])?(?:, )?)+)\)"


def _insert_sets(text: str) -> Statement | None:
    found = re.fullmatch(
        rf"INSERT INTO (\w+) \(([\w, ]+)\) SELECT \*((?:, -?\w+)*) FROM {UNNEST}{CONFLICT}", text
    )
    if not found:
        return None
    table = tables()[found[1]]
    make = _row_of(table, [name.strip() for name in found[2].split(",")])
    rest = tuple(_compile(python_of(part, {})) for part in found[3].split(", ")[1:])
    conflict = _conflict(table, found, 5)

    def run(session: Session, given: Values) -> Result:
        columns = [plain(value) for value in given]
        rows = [make(session, (*row, *rest)) for row in zip(*columns, strict=True)]
        return Result([], sum(_store(session, table, row, conflict) for row in rows))

    return run


def _aliased(table: Table, alias: str, variable: str) -> dict[str, str]:
    return {f"{alias}.{c.name}": f"{variable}[{place}]" for place, c in enumerate(table.columns)}


def _update_sets(text: str) -> Statement | None:
    """UPDATE t a SET x = n.x FROM unnest(...) AS n (...) WHERE a.key = n.key."""
    found = re.fullmatch(
        rf"UPDATE (\w+) (\w+) SET (.*?) FROM {UNNEST} AS (\w+) \(([\w, ]+)\) WHERE (.*)", text
    )
    if not found:
        return None
    table, alias, given_as = tables()[found[1]], found[2], found[5]
    given_names = [name.strip() for name in found[6].split(",")]
    names = _aliased(table, alias, "r")
    names |= {f"{given_as}.{name}": f"n[{place}]" for place, name in enumerate(given_names)}
    sets = [part.split(" = ", 1) for part in split_list(found[3])]
    changes = [
        (table.places[name], _compile(f"lambda r, n: {python_of(value, names)}"))
        for name, value in sets
    ]
    bound = dict(part.split(" = ") for part in found[7].split(" AND "))
    keys = [names[bound.pop(f"{alias}.{table.columns[place].name}")] for place in table.key]
    assert not bound, f"more than the key in WHERE: {text}"
    key_of = _compile(f"lambda n: {_one_or_all(keys)}")

    def run(session: Session, given: Values) -> Result:
        touched = 0
        for new in zip(*[plain(value) for value in given], strict=True):
            old = session.get(table.name, key_of(new))
            if old is not None:
                row = list(old)
                for place, value in changes:
                    row[place] = value(old, new)
                session.update(table, old, tuple(row))
                touched += 1
        return Result([], touched)

    return run


def _update_where(text: str) -> Statement | None:
    """UPDATE t SET x = expression WHERE condition [RETURNING columns]."""
    found = re.fullmatch(
        r"UPDATE (\w+) SET ((?:(?! FROM ).)*?) WHERE (.*?)(?: RETURNING ([\w, ]+))?", text
    )
    if not found:
        return None
    table, params = tables()[found[1]], Params()
    names = {column.name: f"r[{place}]" for place, column in enumerate(table.columns)}
    now = {"now": "s.now", "()": ""}
    sets = [part.split(" = ", 1) for part in split_list(found[2].replace("now()", "now"))]
    changes = [
        (table.places[name], _compile(f"lambda r, p, s: {python_of(value, names | now, params)}"))
        for name, value in sets
    ]
    holds = _compile(f"lambda r, p: {python_of(found[3], names, params)}")
    back = [table.places[name.strip()] for name in (found[4] or "").split(",") if name]

    def run(session: Session, given: Values) -> Result:
        values = [plain(value) for value in given]
        rows = []
        for old in [row for row in session.scan(table.name) if holds(row, values)]:
            row = list(old)
            for place, value in changes:
                row[place] = value(old, values, session)
            session.update(table, old, tuple(row))
            rows.append(tuple(row[place] for place in back))
        return Result(rows, len(rows))

    return run


SELECT: Final = re.compile(
    r"SELECT (?P<list>.*?) FROM (?P<source>.*?)(?: WHERE (?P<where>.*?))?"
    r"(?: ORDER BY (?P<order>[\w.]+(?: DESC)?(?:, [\w.]+)*))?(?: LIMIT (?P<limit>\d+))?"
    r"(?P<lock> FOR SHARE| FOR UPDATE)?"
)
SOURCE: Final = re.compile(
    rf"(?:{UNNEST} AS (?P<set>\w+) \((?P<names>[\w, ]+)\)"
    r"|(?P<table>\w+)(?: (?:AS )?(?P<alias>\w+))?)"
    r"(?P<joins>(?: (?:LEFT )?JOIN \w+ \w+ ON .*?)*)"
)
JOIN: Final = re.compile(r" (LEFT )?JOIN (\w+) (\w+) ON (.*?)(?= (?:LEFT )?JOIN |$)")
AGGREGATE: Final = re.compile(r"coalesce\(max\((.*)\), (\d+)\)|count\(\*\)")


class Joined(NamedTuple):
    """A table that a query joins: how its rows are found from the sources before it."""

    table: Table
    left: bool
    key: Callable[..., Any] | None
    holds: Callable[..., bool]


def _select(text: str) -> Statement | None:
    found = SELECT.fullmatch(text)
    source = SOURCE.fullmatch(found["source"]) if found else None
    if not found or not source or "SELECT" in found["source"]:
        return None
    params, names = Params(), dict[str, str]()
    if source["set"]:
        given = [name.strip() for name in source["names"].split(",")]
        names |= {f"{source['set']}.{name}": f"e[0][{at}]" for at, name in enumerate(given)}
        sets = given
    else:
        first = tables().get(source["table"])
        if first is None:
            return None
        sets = []
        _name(names, first, source["alias"] or first.name, 0)
    if "%s" in found["list"]:
        return None
    params.taken = len(sets)
    joins = _joins(source["joins"], names, params)
    columns = _columns(found["list"], source, names)
    if columns is None:
        return None
    where = python_of(found["where"], names, params) if found["where"] else "True"
    holds = _compile(f"lambda e, p, s: {where}")
    return _query(
        None if sets else source["table"], len(sets), joins, holds, columns,
        order=_order(found["order"], names), limit=int(found["limit"] or 0),
        lock={" FOR SHARE": SHARE, " FOR UPDATE": EXCLUSIVE}.get(found["lock"] or "", ""),
    )  # fmt: skip


def _name(names: dict[str, str], table: Table, alias: str, source: int) -> None:
    for place, column in enumerate(table.columns):
        value = f"e[{source}][{place}]"
        if column.kind == "jsonb":  # what a reader does to it must not reach the row
            value = f"fresh({value})"
        names[f"{alias}.{column.name}"] = f"(e[{source}] and {value})" if source else value
        if source == 0:
            names[column.name] = value


def _joins(text: str, names: dict[str, str], params: Params) -> list[Joined]:
    joins = []
    for source, (left, name, alias, condition) in enumerate(JOIN.findall(text), 1):
        table = tables()[name]
        before = dict(names)
        _name(names, table, alias, source)
        bound = {}
        for part in condition.split(" AND "):
            mine, _, other = part.partition(" = ")
            if other.startswith(f"{alias}."):
                mine, other = other, mine
            if mine.startswith(f"{alias}.") and other in before:
                bound[mine.removeprefix(f"{alias}.")] = before[other]
        key = None
        wanted = [table.columns[place].name for place in table.key]
        if all(name in bound for name in wanted):
            parts = [bound[name] for name in wanted]
            key = _compile(f"lambda e: {_one_or_all(parts)}")
        holds = _compile(f"lambda e, p, s: {python_of(condition, names, params)}")
        joins.append(Joined(table, bool(left), key, holds))
    return joins


class Columns(NamedTuple):
    """What a query gives: values of each row, or one row of aggregates."""

    row: Callable[..., Row]
    total: Callable[[list[Row]], Row] | None


def _columns(text: str, source: re.Match[str], names: dict[str, str]) -> Columns | None:
    parts = split_list(text)
    totals = [AGGREGATE.fullmatch(part) for part in parts]
    if all(totals):
        inner = [found[1] if found and found[1] else "1" for found in totals]
        start = [int(found[2]) if found and found[2] else None for found in totals]

        def total(rows: list[Row]) -> Row:
            columns = list(zip(*rows, strict=True)) or [()] * len(start)
            return tuple(
                len(column) if base is None else max(column, default=base)
                for base, column in zip(start, columns, strict=True)
            )

        values = [python_of(part, names) for part in inner]
        return Columns(_compile(f"lambda e: ({', '.join(values)},)"), total)
    if any(totals) or "max(" in text or "sum(" in text or "count(" in text or "agg(" in text:
        return None
    if text == "*":
        return Columns(lambda e: e[0], None) if not source["joins"] else None
    values = [python_of(part, names) for part in parts]
    return Columns(_compile(f"lambda e: ({', '.join(values)},)"), None)


def _order(text: str | None, names: dict[str, str]) -> tuple[Callable[..., Any], bool] | None:
    if not text:
        return None
    parts = [names[part.strip().removesuffix(" DESC")] for part in text.split(",")]
    return _compile(f"lambda e: ({', '.join(parts)},)"), text.endswith(" DESC")


def _query(
    first: str | None, width: int, joins: list[Joined], holds: Callable[..., bool],
    columns: Columns, *, order: tuple[Callable[..., Any], bool] | None, limit: int, lock: str,
) -> Statement:  # fmt: skip
    def run(session: Session, given: Values) -> Result:
        values = [plain(value) for value in given]
        rows: list[tuple[Any, ...]]
        if first is None:
            rows = [(row,) for row in zip(*values[:width], strict=True)]
        else:
            rows = [(row,) for row in session.scan(first)]
        for join in joins:
            rows = [more for row in rows for more in _join(session, join, row, values)]
        rows = [row for row in rows if holds(row, values, session)]
        if order:
            rows.sort(key=order[0], reverse=order[1])
        if limit:
            rows = rows[:limit]
        if lock and first:
            for row in rows:
                session.lock(first, tables()[first].key_of(row[0]), lock)
        found = [columns.row(row) for row in rows]
        if columns.total:
            found = [columns.total(found)]
        return Result(found, len(found))

    return run


def _join(
    session: Session, join: Joined, row: tuple[Any, ...], values: list[Any]
) -> list[tuple[Any, ...]]:
    if join.key is not None:
        found = session.get(join.table.name, join.key(row))
        candidates = [found] if found is not None else []
    else:
        candidates = list(session.scan(join.table.name))
    joined = [(*row, other) for other in candidates]
    kept = [each for each in joined if join.holds(each, values, session)]
    return kept or ([(*row, None)] if join.left else [])

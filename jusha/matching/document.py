"""A rule as people write and keep it: TOML or JSON, held to one schema. Pure.

The document is what is published and hashed; sentences are made from it, never the other
way round. What cannot be read is refused by naming the field, the line and what may stand
there, because the writer is a person.
"""

import json
import re
import tomllib
from typing import Any, Final, get_args

import msgspec

from jusha.matching.kinds import Kind
from jusha.matching.rules import RuleTerms, check_terms, document, terms_hash

NUMBER_MAX: Final = (1 << 53) - 1
"""Amounts stay whole in every reader of JSON (RFC 8785 counts on it)."""
SCHEMA_TITLE: Final = "A rule of Jusha"
TAGS: Final = {kind.__struct_config__.tag: kind for kind in get_args(Kind)}
"""The kinds by the name a document gives them."""
AT: Final = re.compile(r" - at `\$(?P<path>[^`]*)`$")
TOML_AT: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
TABLE: Final = re.compile(r"\s*\[\s*([A-Za-z0-9_.-]+)\s*\]")
KEY: Final = re.compile(r"""\s*["']?([A-Za-z0-9_-]+)["']?\s*=""")


class DocumentRefusedError(Exception):
    """A rule document cannot be used: `field` (window.budget, "" for all of it), line, and why.

    `line` counts from 1; 0 where there is no one line to blame.
    """

    def __init__(self, why: str, *, field: str = "", line: int = 0) -> None:
        self.why, self.field, self.line = why, field, line
        place = [f"line {line}"] if line else []
        super().__init__(": ".join([*place, *([field] if field else []), why]))


def read_document(text: str) -> RuleTerms:
    """Read a rule from TOML, or from JSON where the text begins with a brace.

    Raises DocumentRefusedError for what is not a rule, or a rule that contradicts itself.
    """
    is_json = text.lstrip().startswith("{")
    raw = _read_json(text) if is_json else _read_toml(text)
    try:
        terms = msgspec.convert(raw, RuleTerms)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), raw, text, is_json=is_json) from error
    for field, number in _numbers(document(terms)):
        if abs(number) > NUMBER_MAX:
            line = _line_of(field, text, is_json=is_json)
            raise DocumentRefusedError(f"at most {NUMBER_MAX}", field=field, line=line)
    if wrong := _wrong(terms):
        raise DocumentRefusedError(wrong)
    return terms


def write_document(terms: RuleTerms) -> str:
    """Write a rule as TOML, every field in it; `read_document` reads the same rule back.

    Comments say amounts in yuan and minutes as a clock: readers do not reckon in fen.
    """
    fields = document(terms)
    tables = {name: value for name, value in fields.items() if isinstance(value, dict)}
    lines = [_toml_line(name, value) for name, value in fields.items() if name not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(_toml_line(key, value) for key, value in table.items())]
    return f"# SHA-256 of this rule: {terms_hash(terms)}\n" + "\n".join(lines) + "\n"


def schema() -> dict[str, Any]:
    """The JSON schema of the document, as docs/rule.schema.json has it."""
    found = msgspec.json.schema(RuleTerms)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA_TITLE,
        **found,
    }


def schema_text() -> str:
    """The schema as the file is written: two blanks a level, keys in order, one newline."""
    return json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _read_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise DocumentRefusedError(f"not JSON: {error.msg}", line=error.lineno) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of pairs; refuse a key that stands twice: readers disagree which one holds."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
        raise DocumentRefusedError("stands twice", field=twice)
    return found


def _read_toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = TOML_AT.search(str(error))
        line = int(found[1] or text.count("\n") + 1) if found else 0
        why = TOML_AT.sub("", str(error))
        raise DocumentRefusedError(f"not TOML: {why[:1].lower()}{why[1:]}", line=line) from error


def _refusal(said: str, raw: Any, text: str, *, is_json: bool) -> DocumentRefusedError:
    """Turn what msgspec says into a field, a line, and what may stand there."""
    found = AT.search(said)
    path = found["path"].removeprefix(".") if found else ""
    why = AT.sub("", said)
    unknown = re.search(r"unknown field `(.*)`$", why)
    missing = re.search(r"missing required field `(.*)`$", why)
    field = ".".join(part for part in (path, (unknown or missing or [None, ""])[1]) if part)
    if unknown:
        why = f"there is no such field; there are {', '.join(_fields_at(path, raw))}"
    elif missing and missing[1] == "kind":
        why = f"is missing; there are {', '.join(TAGS)}"
    elif missing:
        why = "is missing"
    elif why.startswith("Invalid value") and path == "gives.kind":
        why = f"there is no such kind; there are {', '.join(TAGS)}"
    elif why.startswith("Invalid enum value"):
        why = (
            f"{why.removeprefix('Invalid enum value ')} is not one of {', '.join(_choices(field))}"
        )
    else:
        why = why[:1].lower() + why[1:].replace("`", "")
    line = 0 if missing else _line_of(field, text, is_json=is_json)
    return DocumentRefusedError(why, field=field, line=line)


def _fields_at(path: str, raw: Any) -> list[str]:
    if path == "gives":
        kind = TAGS.get(raw["gives"].get("kind"))
        named = msgspec.structs.fields(kind) if kind else ()
        return ["kind", *(field.encode_name for field in named)]
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(RuleTerms)}
    struct = fields[path] if path else RuleTerms
    return [field.encode_name for field in msgspec.structs.fields(struct)]


def _choices(field: str) -> tuple[str, ...]:
    types = {each.encode_name: each.type for each in msgspec.structs.fields(RuleTerms)}
    return get_args(types.get(field))


def _numbers(value: Any, path: str = "") -> list[tuple[str, int]]:
    """All whole numbers of a document with their fields."""
    if isinstance(value, dict):
        pairs = [(f"{path}.{key}" if path else key, inner) for key, inner in value.items()]
        return [found for name, inner in pairs for found in _numbers(inner, name)]
    if isinstance(value, list | tuple):
        return [found for inner in value for found in _numbers(inner, path)]
    return [(path, value)] if type(value) is int else []


def _wrong(terms: RuleTerms) -> str:
    """Say what the terms have against themselves, or ""."""
    try:
        return check_terms(terms)
    except ValueError:
        return "since and until are UTC minutes such as 2026-09-09T01:12Z"


def _line_of(field: str, text: str, *, is_json: bool) -> int:
    """Find the line that sets a field: the last part below the parts before it; 0 if unfound."""
    parts = [re.sub(r"\[.*", "", part) for part in field.split(".") if part]
    if not parts:
        return 0
    return _json_line(parts, text) if is_json else _toml_line_of(parts, text)


def _json_line(parts: list[str], text: str) -> int:
    at = 0
    for part in parts:
        found = re.compile(rf'"{re.escape(part)}"\s*:').search(text, at)
        if found is None:
            return 0
        at = found.start() + 1
    return text.count("\n", 0, at) + 1


def _toml_line_of(parts: list[str], text: str) -> int:
    table: list[str] = []
    nearest = 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := TABLE.match(line):
            table = header[1].split(".")
            nearest = number if table == parts else nearest
        elif key := KEY.match(line):
            here = [*table, key[1]]
            if here == parts:
                return number
            nearest = number if here == parts[: len(here)] else nearest
    return nearest


def _toml_line(name: str, value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{name} = {shown}{_comment(name, value)}"


def _comment(name: str, value: Any) -> str:
    if type(value) is not int:
        return ""
    if name in {"from_minute", "to_minute"}:
        return f"  # {value // 60:02d}:{value % 60:02d}"
    if name in AMOUNTS and value:
        return f"  # ¥{value // 100:,}.{value % 100:02d}"
    return ""


AMOUNTS: Final = frozenset(
    {
        "amount", "budget", "charity", "each", "gift", "gift_min", "most", "person_campaign",
        "person_day", "project", "slice_budget", "threshold", "unit",
    }
)  # fmt: skip
"""Fields that hold fen."""

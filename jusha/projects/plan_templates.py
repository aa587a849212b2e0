"""A small library of plans to begin with: unit cost and outcome of common kinds of project."""

import tomllib
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).parent / "plan_templates.toml"
BLANK: Final = "blank"


def templates() -> dict[str, dict[str, Any]]:
    """The templates by code, in the order of the file."""
    return {each["code"]: each for each in tomllib.loads(FILE.read_text("utf-8"))["template"]}


def fields_of(code: str) -> dict[str, str]:
    """What a draft from this template begins with, as if it had been typed; {} for any other."""
    found = templates().get(code, {})
    fields = {key: text for key, text in found.items() if isinstance(text, str) and key != "code"}
    for place, line in enumerate(found.get("lines", ())):
        fields |= {f"line-{place}-{name}": text for name, text in line.items()}
    return fields

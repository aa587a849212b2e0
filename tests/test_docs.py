"""What the docs name must exist, and what exists must be in the docs."""

import re
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
REFERENCE = (REPO / "docs" / "reference.md").read_text()
PAGES = sorted(
    path.relative_to(REPO) for path in [*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md")]
)


def test_every_command_is_in_the_reference_and_the_other_way_round() -> None:
    commands = {path.stem for path in (REPO / "jusha/management/commands").glob("[a-z]*.py")}
    assert set(re.findall(r"^\| `jusha ([a-z]+)", REFERENCE, re.MULTILINE)) == commands


def test_every_setting_is_in_the_reference_and_the_other_way_round() -> None:
    read = re.compile(r"""["']((?:JUSHA|DATABASE)_[A-Z_]+)["']""")
    settings: set[str] = set()
    for path in (REPO / "jusha" / "config").rglob("*.py"):
        for line in path.read_text().splitlines():
            if "environ" in line or "ENV" in line or "_URL" in line or "PG_BIN" in line:
                settings |= set(read.findall(line))
    documented = set(re.findall(r"^\| `((?:JUSHA|DATABASE)_[A-Z_]+)`", REFERENCE, re.MULTILINE))
    assert documented == settings


@pytest.mark.parametrize("document", PAGES, ids=str)
def test_links_between_pages_lead_somewhere(document: Path) -> None:
    text = (REPO / document).read_text()
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
        assert (REPO / document).parent.joinpath(target).exists(), target


def test_make_commands_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPO / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)", (REPO / "README.md").read_text(), re.MULTILINE)) <= (
        targets
    )

"""What the docs name must exist, and what exists must be in the docs."""

import re
from pathlib import Path

import pytest

from tools import reference

REPO = Path(__file__).resolve().parent.parent
PAGES = sorted(
    path.relative_to(REPO) for path in [*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md")]
)


def test_the_reference_is_what_the_code_says() -> None:
    assert (REPO / "docs" / "reference.md").read_text("utf-8") == reference.page(), "make reference"


def test_the_reference_knows_every_command_page_and_variable() -> None:
    page = reference.page()
    for name in reference.command_names():
        assert f"\n### jusha {name}\n" in page
    assert "| `/d/<number>` |" in page
    assert reference.variables() >= {"JUSHA_HOME", "JUSHA_MODE", "DATABASE_URL"}
    assert all(f"\n| `{name}` |" in page for name in reference.variables())


def test_a_route_is_read_as_an_address() -> None:
    assert reference.readable(r"^d/(?P<number>0|[1-9][0-9]{0,14})\.tlog-proof\Z") == (
        "/d/<number>.tlog-proof"
    )
    assert reference.readable(r"^p/(?P<code>[a-z](?:[a-z.]{0,3}[a-z])?)/donate\Z") == (
        "/p/<code>/donate"
    )
    assert reference.readable("assets/<str:digest>/<str:name>") == "/assets/<digest>/<name>"


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

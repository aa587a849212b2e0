"""Every example is what it says: a rule that could be published as it stands."""

from pathlib import Path

import pytest

from jusha.matching.document import read_document
from jusha.matching.rules import check_terms

RULES = sorted((Path(__file__).parent.parent / "examples" / "rules").glob("*.toml"))


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_an_example_rule_is_right_and_has_a_title_in_both_languages(path: Path) -> None:
    terms = read_document(path.read_text())
    assert check_terms(terms) == ""
    assert terms.title_zh
    assert terms.title_en


def test_there_are_examples() -> None:
    assert len(RULES) > 1

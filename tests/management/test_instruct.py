"""The command says what became of an instruction, and what there is."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from jusha.management.commands.instruct import read_value
from jusha.settlement.instructions import HANDLERS


def test_without_a_kind_every_instruction_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("instruct")
    shown = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert shown == HANDLERS.keys()


def test_an_unknown_kind_or_nobody_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(CommandError, match="there is no instruction fly"):
        call_command("instruct", "fly", by="li")
    with pytest.raises(CommandError, match="--by"):
        call_command("instruct", "release", "pool=dune")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("amount=600", ("amount", 600)),
        ("pool=dune", ("pool", "dune")),
        ('terms={"a": 1}', ("terms", {"a": 1})),
        ("reason=a=b", ("reason", "a=b")),
    ],
)
def test_values_are_numbers_words_or_json(text: str, value: tuple[str, object]) -> None:
    assert read_value(text) == value


def test_a_value_without_a_name_is_refused() -> None:
    with pytest.raises(CommandError, match="is not name=value"):
        read_value("dune")

"""What commands share that two persons give: a day as it is typed, and who the two are."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path

from django.core.management.base import CommandError


def add_two_persons(parser: ArgumentParser) -> None:
    """Declare who sets something, who saw it too, and what the two looked at."""
    parser.add_argument("--evidence", type=Path, help="the scan that the two persons looked at")
    parser.add_argument("--by", default="", help="who sets it")
    parser.add_argument("--second", default="", help="the second person")


def day(text: str | None, option: str) -> date:
    """A day that was given by an option, as 2029-12-31. Raises CommandError."""
    try:
        return date.fromisoformat(text or "")
    except ValueError as error:
        raise CommandError(f"{option} is a day, as 2029-12-31") from error

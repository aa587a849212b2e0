"""Codes of teams and links, drawn so that none can be guessed from another."""

import secrets

from jusha.teams.rules import ALPHABET, CODE_LENGTH, TOKEN_LENGTH


def new_code() -> str:
    """A team's code."""
    return _drawn(CODE_LENGTH)


def new_token() -> str:
    """What a member's link or a handover carries."""
    return _drawn(TOKEN_LENGTH)


def _drawn(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))

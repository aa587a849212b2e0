"""The erasure list carried out again on the database that is there: restored, or just started."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg
from django.db import connections

from jusha.config.postgres import database_url, django_database
from jusha.people.erasure_list import ListDamagedError
from jusha.settlement.schema import is_current

HOW: Final = (
    "Put the right HOME/erasures/list and HOME/secrets back; nothing should start before. Only if"
    " the list is lost for good: jusha db ask --role owner 'DELETE FROM jusha_erasure'."
)


class NotErasedAgainError(Exception):
    """People who were erased may have come back with this database; the text says what to do."""


def erase_again_in(home: Path) -> int | None:
    """Carry out what this database has not seen of the list, as its owner; how many.

    None where the schema is not this version's: `jusha up` brings it up and then does this.
    Raises NotErasedAgainError. Writes: as `erase_again`.
    """
    with psycopg.connect(database_url("owner", home), autocommit=True) as connection:
        try:
            if not is_current(connection):
                return None
        except psycopg.errors.UndefinedTable:
            return None
    from jusha.giving.erase_again import erase_again  # noqa: PLC0415 - models, after the database

    default = connections["default"]
    before = dict(default.settings_dict)
    default.close()
    default.settings_dict.update(django_database("owner", home))
    try:
        return erase_again(home)
    except ListDamagedError as error:
        raise NotErasedAgainError(f"{error}. {HOW}") from error
    finally:
        default.close()
        default.settings_dict.update(before)


def tell(done: int | None, say: Callable[[str], object]) -> None:
    """Say what became of it, in a line."""
    if done is None:
        say("  erasures `jusha up` carries them out again, once it brought the schema up")
    elif done:
        say(f"  erasures {done} carried out again: who asked to be erased since stays erased")

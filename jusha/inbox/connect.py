"""Raw connections for processes that write sets: the same database and role as Django's."""

from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo


def conninfo() -> str:
    """The connection string of this process's role (JUSHA_DB_ROLE), from Django's settings."""
    database = settings.DATABASES["default"]
    options = {key: str(value) for key, value in database.get("OPTIONS", {}).items() if value}
    return make_conninfo(
        dbname=database["NAME"],
        user=database["USER"],
        password=database["PASSWORD"],
        host=database["HOST"],
        port=database["PORT"] or None,
        **options,
    )


def connect(*, autocommit: bool = False) -> psycopg.Connection[Any]:
    """Open a connection of this process's role. Raises psycopg.OperationalError."""
    return psycopg.connect(conninfo(), autocommit=autocommit)


def django_connection() -> psycopg.Connection[Any]:
    """The psycopg connection under Django's, to append within its transaction."""
    connection.ensure_connection()
    raw = connection.connection
    assert isinstance(raw, psycopg.Connection)
    return raw

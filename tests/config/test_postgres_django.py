"""A kept connection is known to be gone without asking the server."""

import psycopg
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from jusha.config.postgres import Cluster, database_url
from jusha.config.postgres.django.base import DatabaseWrapper
from tests.home import HOME


def opened(database: str) -> DatabaseWrapper:
    """A connection of Django's to a database of the test."""
    told = dict(connections["default"].settings_dict)
    told |= psycopg.conninfo.conninfo_to_dict(database_url("web", HOME, database))
    told = {name.upper(): value for name, value in told.items()}
    told |= {"NAME": told["DBNAME"], "OPTIONS": {}}
    wrapper = DatabaseWrapper(told, alias="default")
    wrapper.connect()
    return wrapper


def test_a_connection_that_lives_is_used_and_one_that_was_ended_is_not(
    database: str, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock():
        wrapper = opened(database)
        assert wrapper.is_usable()
        with wrapper.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        assert wrapper.is_usable(), "an answer that was read leaves nothing behind"
        with Cluster(HOME).connect("postgres") as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        assert not wrapper.is_usable()
        wrapper.close()
        assert not wrapper.is_usable()


def test_every_process_uses_this_engine() -> None:
    assert isinstance(connections["default"], DatabaseWrapper)

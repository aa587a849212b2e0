"""The embedded PostgreSQL: what makes `make run` need no database server.

One home, one cluster. `prepare()` starts it and makes roles and database; `database_url()` says how
each role connects; `Cluster` starts, finds again and stops it; `backup()`, `restore()` and
`recover()` carry it through a bad day. DATABASE_URL replaces all of it by a server somebody else
runs. Nothing in this package imports Django, so it works when Django's own settings cannot be
loaded.
"""

from jusha.config.postgres.archive import archive_folder
from jusha.config.postgres.backup import Backup, backup, read_backup, restore
from jusha.config.postgres.cluster import Cluster, Status
from jusha.config.postgres.errors import PostgresRefusal
from jusha.config.postgres.place import default_home
from jusha.config.postgres.recover import Recovered, read_moment, recover
from jusha.config.postgres.roles import prepare, server_version
from jusha.config.postgres.urls import (
    DATABASE,
    ROLES,
    DjangoDatabase,
    database_url,
    django_database,
    external_url,
)

__all__ = [
    "DATABASE",
    "ROLES",
    "Backup",
    "Cluster",
    "DjangoDatabase",
    "PostgresRefusal",
    "Recovered",
    "Status",
    "archive_folder",
    "backup",
    "database_url",
    "default_home",
    "django_database",
    "external_url",
    "prepare",
    "read_backup",
    "read_moment",
    "recover",
    "restore",
    "server_version",
]

"""The embedded PostgreSQL: what makes `make run` need no database server.

One home, one cluster. `prepare()` starts it and makes roles and database; `database_url()` says how
each role connects; `Cluster` starts, finds again and stops it; `backup()` and `restore()` carry it
through a bad day. DATABASE_URL replaces all of it by a server somebody else runs. Nothing in this
package imports Django, so it works when Django's own settings cannot be loaded.
"""

from jusha.config.postgres.backup import Backup, backup, read_backup, restore
from jusha.config.postgres.cluster import Cluster, Status
from jusha.config.postgres.errors import PostgresRefusal
from jusha.config.postgres.place import default_home
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
    "Status",
    "backup",
    "database_url",
    "default_home",
    "django_database",
    "external_url",
    "prepare",
    "read_backup",
    "restore",
    "server_version",
]

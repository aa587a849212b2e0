"""Databases that a benchmark makes on the embedded cluster and drops when it is done."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from jusha.config.postgres import Cluster, database_url, external_url, prepare

MIGRATE = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "jusha.config.settings"
import django
django.setup()
from jusha.settlement.schema import migrate
migrate()
"""


class NotEmbeddedError(Exception):
    """DATABASE_URL is set: databases are made only on the embedded cluster of JUSHA_HOME."""


@contextmanager
def database(home: Path, purpose: str, *, schema: bool) -> Iterator[str]:
    """Make an empty database, with Jusha's schema or bare, yield its name, drop it.

    Starts the cluster if it is down. Raises NotEmbeddedError.
    """
    if external_url():
        raise NotEmbeddedError("unset DATABASE_URL: a benchmark never touches another's server")
    prepare(home)
    name = f"bench_{purpose}_{os.getpid()}"
    identifier = sql.Identifier(name)
    with Cluster(home).connect() as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER jusha_owner").format(identifier))
    try:
        if schema:
            subprocess.run(
                [sys.executable, "-c", MIGRATE],
                env=os.environ | {"DATABASE_URL": database_url("owner", home, name)},
                check=True,
                capture_output=True,
            )
        yield name
    finally:
        with Cluster(home).connect() as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))

"""The world that bench_pages serves: the demo's giving day with gifts, settled and published."""

import hashlib
import os
import sys
import threading
from typing import Any

import psycopg

SECRET = b"a secret of the benchmark, no one's"


def main(gifts: int) -> None:
    """Furnish the database and home of the environment with `gifts` gifts."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    import django  # noqa: PLC0415 - the environment is read first

    django.setup()
    from django.conf import settings  # noqa: PLC0415 - as above

    from jusha.config.postgres import database_url  # noqa: PLC0415 - as above
    from jusha.inbox.append import append  # noqa: PLC0415 - as above
    from jusha.management.demo import build  # noqa: PLC0415 - as above
    from jusha.settlement.batch import Settlement  # noqa: PLC0415 - as above
    from jusha.settlement.fence import take_over  # noqa: PLC0415 - as above
    from jusha.tlog.publish import Publisher  # noqa: PLC0415 - as above

    build.write_pages()
    build.write_secrets(settings.HOME / "sandbox")
    done = threading.Event()

    def settle() -> None:
        with psycopg.connect(database_url("settle")) as connection:
            settlement = Settlement(connection, epoch=take_over(connection, holder="bench"))
            while not done.wait(0.01):
                settlement.settle_next()
            while settlement.settle_next().rows:  # what came in before the end
                continue

    worker = threading.Thread(target=settle)
    worker.start()
    try:
        with psycopg.connect(database_url("web"), autocommit=True) as web:
            build.admit_channels(web)
            build.tell_settlement(web)
            deeds = [gift(n) for n in range(gifts)]
            for first in range(0, gifts, 500):
                append(web, lane="door", envelopes=list(deeds[first : first + 500]))
    finally:
        done.set()
        worker.join()
    publisher = Publisher(settings.JUSHA_LOG_DIR, origin=settings.JUSHA_LOG_ORIGIN)
    with psycopg.connect(database_url("web"), autocommit=True) as web:
        while publisher.publish_next(web):
            pass
    publisher.close()


def gift(n: int) -> Any:
    """Gift `n`: one of the demo's projects, one of 500 donors."""
    from jusha.inbox.envelopes import Deed  # noqa: PLC0415 - Django is set up
    from jusha.inbox.keys import deed_key, person_key  # noqa: PLC0415 - as above
    from jusha.management.demo.build import CHANNELS, WORLD  # noqa: PLC0415 - as above

    channel, projects = CHANNELS[0], WORLD["project"]
    return Deed(
        channel=channel, key=deed_key(SECRET, channel, f"gift-{n}"),
        body=hashlib.sha256(b"%d" % n).digest(), asset="CNY", amount=500 + 100 * (n % 40),
        project=projects[n % len(projects)]["code"], campaign=WORLD["campaign"]["code"],
        person=person_key(SECRET, "bench", f"donor {n % 500}"),
    )  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))

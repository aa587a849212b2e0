"""`jusha up`: everything on this machine under one supervisor."""

import os
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog
from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connections

from jusha.config import logs
from jusha.config.metrics.serve import serve
from jusha.config.metrics.watch import Watch, registry_of
from jusha.config.modes import (
    RailsRefusedError,
    beside_file,
    orders_allowed,
    require_simulator,
)
from jusha.config.postgres import (
    Cluster,
    PostgresRefusal,
    archive_folder,
    database_url,
    external_url,
    prepare,
)
from jusha.config.processes.settlement import behind_the_log
from jusha.config.processes.why import REFUSING, Why
from jusha.config.supervisor import Child, Supervisor, SupervisorRunningError, plan
from jusha.inbox.connect import connect
from jusha.inbox.instruct import NoOutcomeError
from jusha.management.demo import build, witness
from jusha.settlement.schema import migrate

FIRST_GIFTS: Final = 240
FIRST_RATE: Final = 40
TRY_EVERY_SECONDS: Final = 0.3

MODE_WORDS: Final = {
    "sandbox": "sandbox: no money moves",
    "beside": "beside: shows accounts, takes no money",
    "own-site": "a charity's own site",
    "designated": "a designated platform",
}

log = structlog.get_logger("up")


class Command(BaseCommand):
    """Start the database, door, settlement, publisher, web and jobs, and keep them running."""

    help = "start every process of this installation and keep it running (Ctrl-C stops all)"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("--demo", action="store_true", help="fill an invented world")
        parser.add_argument("--traffic", action="store_true", help="let simulated donors arrive")

    def handle(self, *_: Any, demo: bool, traffic: bool, **__: Any) -> None:
        """Prepare, start, keep, stop; a stop asked for at any moment leaves nothing running."""
        logs.configure("supervisor")
        home = Path(settings.HOME)
        check_mode(demo=demo or traffic)
        try:
            supervisor = Supervisor(home, children_of(home, demo=demo))
        except SupervisorRunningError as error:
            raise CommandError(f"`jusha up` already keeps {error}") from error
        supervisor.listen()
        try:
            for step in preparation(self, home, supervisor, demo=demo):
                if supervisor.stopping:
                    break
                step()
            else:
                threading.Thread(
                    target=welcome,
                    args=(supervisor, home),
                    kwargs={"demo": demo, "traffic": traffic},
                    name="welcome",
                    daemon=True,
                ).start()
                watch(home)
                supervisor.run()
        except PostgresRefusal as refusal:
            raise CommandError(str(refusal)) from refusal
        finally:
            if not external_url():
                Cluster(home).stop()
        self.stdout.write("stopped")


def check_mode(*, demo: bool) -> None:
    """Start nothing in a mode that lacks something, nor an invented world beside real money."""
    if settings.JUSHA_MODE_LACKS:
        raise CommandError(settings.JUSHA_MODE_LACKS)
    file = beside_file(os.environ, home=Path(settings.HOME))
    if "JUSHA_MODE" not in os.environ and file.exists():
        raise CommandError(
            f"{file} 是旁路公示的设置，这个窗口却没有 JUSHA_MODE，没有启动。"
            "先执行 export JUSHA_MODE=beside。\n"
            f"{file} is for beside mode and JUSHA_MODE is not set: nothing was started."
            " Run `export JUSHA_MODE=beside` first, or name another mode."
        )
    if demo:
        try:
            require_simulator(settings.JUSHA_MODE)
        except RailsRefusedError as refusal:
            raise CommandError(str(refusal)) from refusal


def children_of(home: Path, *, demo: bool) -> list[Child]:
    """The processes to keep; the test witness where the demo has begun one."""
    children = plan(settings, sandbox=settings.JUSHA_SIMULATOR)
    if not orders_allowed(settings.JUSHA_MODE):  # nobody reports payments where none are made
        children = [child for child in children if child.name != "door"]
    if demo or witness.folder_of(home).exists():
        children.append(witness.child(home, settings))
    return children


def preparation(
    command: BaseCommand, home: Path, supervisor: Supervisor, *, demo: bool
) -> list[Callable[[], object]]:
    """What is done before any process starts, in steps between which a stop is heard."""

    def database() -> None:
        command.stdout.write("聚沙 Jusha: preparing the database ...")
        prepare(home)
        use_database("owner", home)

    def world() -> None:
        if demo:
            build.write_pages()
            build.write_secrets(home / "sandbox")
            witness.introduce(home, settings)
        look_behind(home, supervisor)
        connections.close_all()

    return [
        database,
        migrate,
        lambda: call_command("collectstatic", verbosity=0, interactive=False),
        world,
    ]


def watch(home: Path) -> None:
    """Serve the figures of the installation as a whole."""
    disks = {"home": home}
    if not external_url():
        disks["data"] = Cluster(home).place.root
        if (archive := archive_folder()) is not None:
            disks["archive"] = archive
    seen = Watch(home, disks=disks, url=lambda: database_url("web", home))
    serve("supervisor", base_port=settings.JUSHA_METRICS_PORT, registry=registry_of(seen))


def look_behind(home: Path, supervisor: Supervisor) -> None:
    """Forget what held the processes last time; but a door opens to no database that is too old."""
    for child in supervisor.children:
        Why(home, child.name).clear()
    with connect(autocommit=True) as connection:
        behind = behind_the_log(connection, Path(settings.JUSHA_LOG_DIR))
    if behind:
        Why(home, "settlement").tell(REFUSING, behind)


def use_database(role: str, home: Path) -> None:
    """Point Django at a database that was only just prepared."""
    from jusha.config.postgres import django_database  # noqa: PLC0415

    os.environ["JUSHA_DB_ROLE"] = role
    connections.close_all()
    connections["default"].settings_dict.update(django_database(role, home))


def welcome(supervisor: Supervisor, home: Path, *, demo: bool, traffic: bool) -> None:
    """Tell settlement of the demo world once it runs, send first gifts, and say where to look."""
    if demo:
        fresh = tell_until_heard(supervisor, home)
        if fresh is None:
            return
        if fresh:
            first = traffic_argv(home, count=FIRST_GIFTS, rate=FIRST_RATE)
            supervisor.children.append(Child("first-gifts", first, "web", once=True))
        if traffic:
            supervisor.children.append(Child("traffic", traffic_argv(home, count=0, rate=6), "web"))
    page = f"http://localhost:{settings.JUSHA_WEB_PORT}/"
    if settings.JUSHA_MODE == "beside":
        sys.stdout.write(
            f"\n聚沙 Jusha is running ({MODE_WORDS[settings.JUSHA_MODE]}).\n"
            f"  打开 Open      {page}beside\n"
            f"  账本 Log       {page}log\n"
            f"  状况 Health    {page}health\n"
            f"  下一步 Next    in another window: JUSHA_MODE=beside jusha beside FOLDER\n"
            f"  停止 Stop      Ctrl-C\n\n"
        )
        sys.stdout.flush()
        return
    campaign = build.WORLD["campaign"]["code"]
    sys.stdout.write(
        f"\n聚沙 Jusha is running ({MODE_WORDS[settings.JUSHA_MODE]}).\n"
        f"  Open          {page}\n"
        f"  Giving day    {page}c/{campaign}\n"
        f"  Public log    {page}log\n"
        f"  Health        {page}health\n"
        f"  Try first     give 20 yuan to a project, then open its proof and run\n"
        f"                jusha verify FILE.tlog-proof\n"
        f"  Logins        none needed in this version\n"
        f"  Stop          Ctrl-C\n\n"
    )
    sys.stdout.flush()


def tell_until_heard(supervisor: Supervisor, home: Path) -> bool | None:
    """Build the demo world through the inbox, trying until the processes are up."""
    while not supervisor.stopping:
        try:
            with psycopg.connect(database_url("web", home), autocommit=True) as connection:
                return build.tell_settlement(connection)
        except psycopg.OperationalError:
            time.sleep(TRY_EVERY_SECONDS)
        except NoOutcomeError as error:  # a busy machine: settlement is still starting
            log.warning("demo_world_waits", on=str(error))
        except build.DemoRefusedError as error:
            log.error("demo_world_not_built", error=str(error))  # noqa: TRY400 - expected
            return False
    return None


def traffic_argv(home: Path, *, count: int, rate: int) -> list[str]:
    """The command that lets simulated donors arrive."""
    projects = ",".join(row["code"] for row in build.WORLD["project"])
    return [
        sys.executable,
        "-m",
        "jusha_sandbox.traffic",
        f"--door=http://127.0.0.1:{settings.JUSHA_DOOR_PORT}",
        f"--secrets={home / 'sandbox'}",
        f"--campaign={build.WORLD['campaign']['code']}",
        f"--projects={projects}",
        f"--rate={rate}",
        f"--count={count}",
    ]

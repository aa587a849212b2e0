"""`jusha up`: everything on this machine under one supervisor."""

import os
import socket
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
from django.db import DatabaseError, connections
from django.utils.timezone import localdate

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
from jusha.config.supervisor import (
    Child,
    Supervisor,
    SupervisorRunningError,
    payments_child,
    plan,
)
from jusha.inbox.connect import connect
from jusha.inbox.instruct import NoOutcomeError
from jusha.management import erasures
from jusha.management.demo import build, people, rails, receipts, scale, spend, witness
from jusha.payments.rails.config import FILE as RAILS_FILE
from jusha.payments.rails.names import WECHAT
from jusha.people.decisions import DecisionRefusedError
from jusha.projects.publish_paper import PaperRefusedError
from jusha.settlement.schema import migrate
from jusha.uploads.rules import UploadRefusedError
from jusha.uploads.store import StoreUnreadableError, store

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
        parser.add_argument(
            "--gateways", action="store_true", help="simulated gateways, and nothing invented"
        )
        parser.add_argument("--traffic", action="store_true", help="let simulated donors arrive")
        parser.add_argument(
            "--scale",
            choices=scale.SCALES,
            dest="scale_name",
            help="with --demo: a large world as well",
        )

    def handle(
        self,
        *_: Any,
        demo: bool,
        traffic: bool,
        gateways: bool = False,
        scale_name: str | None = None,
        **__: Any,
    ) -> None:
        """Prepare, start, keep, stop; a stop asked for at any moment leaves nothing running."""
        logs.configure("supervisor")
        home = Path(settings.HOME)
        demo = demo or bool(scale_name)
        gateways = gateways or demo
        check_mode(demo=gateways or traffic)
        check_uploads()
        check_log_name(Path(settings.JUSHA_LOG_DIR), settings.JUSHA_LOG_ORIGIN)
        try:
            supervisor = Supervisor(home, children_of(home, gateways=gateways))
        except SupervisorRunningError as error:
            raise CommandError(f"`jusha up` already keeps {error}") from error
        supervisor.listen()
        try:
            steps = preparation(
                self, home, supervisor, demo=demo, gateways=gateways, scale_name=scale_name
            )
            for step in steps:
                if supervisor.stopping:
                    break
                step()
            else:
                threading.Thread(
                    target=welcome,
                    args=(supervisor, home),
                    kwargs={
                        "demo": demo, "gateways": gateways, "traffic": traffic,
                        "scale_name": scale_name,
                    },
                    name="welcome",
                    daemon=True,
                ).start()  # fmt: skip
                watch(home)
                supervisor.run()
        except (PostgresRefusal, erasures.NotErasedAgainError) as refusal:
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


def check_uploads() -> None:
    """Start nothing if files that people hand in had no place to lie."""
    try:
        store()
    except StoreUnreadableError as error:
        raise CommandError(
            f"JUSHA_UPLOADS 写的是 {error}，看不懂，没有启动。写一个文件夹，或 s3://桶/前缀。\n"
            f"JUSHA_UPLOADS is {error}: nothing was started. Name a folder, or s3://bucket/prefix."
        ) from error


def check_log_name(folder: Path, origin: str) -> None:
    """Start nothing if the log in this folder was begun under another name: names are for ever."""
    try:
        name = (folder / "public" / "vkey").read_text("utf-8").partition("+")[0]
    except FileNotFoundError:
        return
    if name != origin:
        raise CommandError(
            f"公示账本的名字是 {name}，现在的设置写的是 {origin}，没有启动。"
            f"名字在开始公示以后不能改，请改回 {name}。\n"
            f"This home's log is called {name}; the settings say {origin}: nothing was started."
            f" A log keeps its name for ever: set it back to {name}."
        )


def children_of(home: Path, *, gateways: bool) -> list[Child]:
    """The processes to keep; the simulated ones where they are asked for or have begun."""
    children = plan(settings, sandbox=settings.JUSHA_SIMULATOR)
    if not orders_allowed(settings.JUSHA_MODE):  # nobody reports payments where none are made
        children = [child for child in children if child.name != "door"]
    if gateways or witness.folder_of(home).exists():
        children.append(witness.child(home, settings))
    if orders_allowed(settings.JUSHA_MODE) and (gateways or (home / RAILS_FILE).exists()):
        children.append(payments_child())
    if settings.JUSHA_SIMULATOR and (gateways or rails.folder_of(home, WECHAT).exists()):
        children += rails.children(home, settings)
    if settings.JUSHA_SIMULATOR and (gateways or receipts.folder_of(home).exists()):
        children.append(receipts.child(home, settings))
    return children


def preparation(
    command: BaseCommand,
    home: Path,
    supervisor: Supervisor,
    *,
    demo: bool,
    gateways: bool,
    scale_name: str | None = None,
) -> list[Callable[[], object]]:
    """What is done before any process starts, in steps between which a stop is heard."""

    def database() -> None:
        command.stdout.write("聚沙 Jusha: preparing the database ...")
        prepare(home)
        use_database("owner", home)

    def world() -> None:
        if demo:
            build.write_pages()
            people.write_people([row["code"] for row in build.WORLD["charity"]])
        if gateways:
            build.write_secrets(home / "sandbox")
            witness.introduce(home, settings)
            rails.introduce(home, settings)
            receipts.introduce(home, settings)
        if scale_name:
            command.stdout.write(f"a world as large as {scale_name}: about two minutes ...")
            scale.write_pages(scale.SCALES[scale_name], today=localdate())
        look_behind(home, supervisor)
        connections.close_all()

    return [
        database,
        migrate,
        lambda: erasures.tell(erasures.erase_again_in(home), command.stdout.write),
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


def welcome(
    supervisor: Supervisor,
    home: Path,
    *,
    demo: bool,
    gateways: bool,
    traffic: bool,
    scale_name: str | None = None,
) -> None:
    """Tell settlement of what was asked for once it runs, and say where to look."""
    if gateways and tell_until_heard(supervisor, home, build.admit_channels) is None:
        return
    if demo:
        fresh = tell_until_heard(supervisor, home, build.tell_settlement)
        if fresh is None:
            return
        if scale_name:
            with psycopg.connect(database_url("web", home), autocommit=True) as connection:
                scale.tell_settlement(connection, scale.SCALES[scale_name])
        if fresh:
            first = traffic_argv(home, count=FIRST_GIFTS, rate=FIRST_RATE)
            supervisor.children.append(Child("first-gifts", first, "web", once=True))
        if traffic:
            supervisor.children.append(Child("traffic", traffic_argv(home, count=0, rate=6), "web"))
    page = f"http://localhost:{settings.JUSHA_WEB_PORT}/"
    if not wait_for_pages(supervisor):
        return
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
    sys.stdout.write(
        f"\n聚沙 Jusha is running ({MODE_WORDS[settings.JUSHA_MODE]}).\n"
        f"  Open          {page}\n"
        f"{first_steps(page, demo=demo)}"
        f"  Public log    {page}log\n"
        f"  Health        {page}health\n"
        f"{logins(demo=demo)}"
        f"  Stop          Ctrl-C\n\n"
    )
    sys.stdout.flush()
    if demo:
        spend_first(supervisor)


def spend_first(supervisor: Supervisor) -> None:
    """Let the demo's people record expenses once its first gifts are in."""
    try:
        count = spend.spend_first(build.WORLD, stopping=lambda: supervisor.stopping)
    except (DatabaseError, DecisionRefusedError, PaperRefusedError, UploadRefusedError) as error:
        log.warning("demo_spent_nothing", error=str(error))  # it is only an example
    else:
        log.info("demo_spent", expenses=count)
    finally:
        connections.close_all()


def first_steps(page: str, *, demo: bool) -> str:
    """What to do first: in the demo's world, or where nothing is yet."""
    if demo:
        return (
            f"  Giving day    {page}c/{build.WORLD['campaign']['code']}\n"
            f"  Try first     give 20 yuan to a project, then open its proof and run\n"
            f"                .venv/bin/jusha verify FILE.tlog-proof\n"
        )
    return (
        f"  Begin         jusha staff add MAIL --platform --role reviewer   (two of them)\n"
        f"                and a charity applies at {page}join\n"
    )


def wait_for_pages(supervisor: Supervisor) -> bool:
    """Wait until the pages answer; False if a stop was asked for meanwhile."""
    while not supervisor.stopping:
        try:
            with socket.create_connection((settings.JUSHA_HOST, settings.JUSHA_WEB_PORT), 1):
                return True
        except OSError:
            time.sleep(TRY_EVERY_SECONDS)
    return False


def logins(*, demo: bool) -> str:
    """Who can sign in and where the codes are: the demo's people, or `jusha staff`."""
    page = f"http://localhost:{settings.JUSHA_WEB_PORT}"
    lines = f"  Sign in       {page}/account/sign-in (you need not: guests give too)\n"
    if demo:
        code = build.WORLD["charity"][0]["code"]
        charity, programme = people.finance_of(code), people.programme_of(code)
        finance, donor = people.PLATFORM_FINANCE, people.DONOR
        lines += (
            f"                {donor} a donor; the page shows the code\n"
            f"  Desk          {page}/desk\n"
            f"                {programme} writes a charity's projects\n"
            f"                {charity[0]}, {charity[1]} its finance\n"
            f"                {people.REVIEWERS[0]}, {people.REVIEWERS[1]} examine charities\n"
            f"                {finance[0]}, {finance[1]} finance of the platform\n"
            f"                operator@{people.DOMAIN}, auditor@{people.DOMAIN}\n"
        )
    if settings.MAIL.folder:
        lines += f"  Letters       {settings.MAIL.folder} (codes of all other addresses)\n"
    return lines


def tell_until_heard(
    supervisor: Supervisor, home: Path, tell: Callable[[psycopg.Connection[Any]], bool]
) -> bool | None:
    """Tell settlement through the inbox, trying until the processes are up; None if stopped."""
    while not supervisor.stopping:
        try:
            with psycopg.connect(database_url("web", home), autocommit=True) as connection:
                return tell(connection)
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

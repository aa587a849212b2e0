"""A furnished site: pages over a fresh database, with the rights that the web process has."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import psycopg
import pytest
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser
from psycopg.conninfo import conninfo_to_dict
from pytest_django.plugin import DjangoDbBlocker

from jusha.campaigns.models import Campaign
from jusha.charities.models import Charity
from jusha.config.postgres import database_url
from jusha.projects.models import Project
from jusha.tlog.publish import Publisher
from jusha.web import held
from jusha.web.gate import Gate
from jusha.web.views import donate
from tests.cast import BOOKS, WATER, House
from tests.home import HOME
from tests.web.chromium import launched

ORIGIN = "test.jusha.local/log"


@pytest.fixture(autouse=True)
def new_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders of all tests come from one address; each test begins to count anew."""
    monkeypatch.setattr(donate, "GATE", Gate())


CERTIFICATE_SQL = (
    "INSERT INTO jusha_certificate (charity, number, issuer, valid_from, valid_until, evidence,"
    " set_by, second, set_at)"
    " VALUES ('shan', '演示公募 001', '演示民政局', %s, %s, repeat('0', 64), 'li', 'wang', now())"
)
FILING_SQL = (
    "INSERT INTO jusha_filing (charity, project, number, filed_on, starts_on, ends_on, emergency,"
    " plan, evidence, set_by, second, set_at)"
    " SELECT c.code, p.code, c.uscc || 'A' || p.id, %s::date - 30, %s, %s, false, 0,"
    " repeat('0', 64), 'li', 'wang', now()"
    " FROM jusha_project p JOIN jusha_charity c ON c.id = p.charity_id"
)
"""Files every project that has a page: the first day twice, then the last."""


class Site:
    """The house with its pages written, a log folder, and browsers to look with."""

    def __init__(self, house: House, log_folder: Path) -> None:
        self.house, self.log_folder = house, log_folder
        self.client = Client()

    def publish(self) -> None:
        """Publish all that is settled."""
        publisher = Publisher(self.log_folder, origin=ORIGIN)
        try:
            while publisher.publish_next(self.house.settle_connection):
                pass
        finally:
            publisher.close()
            held.clear()

    def get(
        self, path: str, *, lang: str = "zh-hans", client: Client | None = None, anew: bool = True
    ) -> Any:
        """Open a page in a language; `anew`: as if a second had gone by since the last."""
        if anew:
            cache.clear()
            held.clear()
        return (client or self.client).get(path, headers={"accept-language": lang})

    def text(self, path: str, *, lang: str = "zh-hans", status: int = 200) -> str:
        """The page's HTML, after checking its status."""
        response = self.get(path, lang=lang)
        assert response.status_code == status, path
        return str(response.content.decode())


def write_pages() -> None:
    """Write the pages of the house's charity, projects and campaign."""
    charity = Charity.objects.create(
        code="shan",
        name_zh="善小基金会",
        name_en="Small Kindness Foundation",
        uscc="53330000DEMO000001",
        certificate_no="演示公募 001",
        address_zh="演示市和平路 1 号",
        address_en="1 Peace Road, Yanshi",
        phone="400-000-0000",
    )
    shared: dict[str, Any] = {
        "charity": charity,
        "summary_zh": "把书送进山里。",
        "summary_en": "Books for the mountains.",
        "story_zh": "第一段。\n\n第二段。",
        "story_en": "First.\n\nSecond.",
        "place_zh": "云岭",
        "place_en": "Yunling",
        "unit_amount": 3500,
        "unit_zh": "个阅读包",
        "unit_en": "reading pack",
        "target_amount": 1_000_000,
        "filing_no": "51530000DEMO26001",
        "starts_on": date(2026, 9, 1),
        "ends_on": date(2027, 2, 28),
    }
    books = Project.objects.create(
        code=BOOKS, title_zh="书香进山", title_en="Mountain books", running_permille=80, **shared
    )
    water = Project.objects.create(
        code=WATER, title_zh="一口清泉", title_en="Clean water", running_permille=0, **shared
    )
    day = Campaign.objects.create(
        code="day",
        title_zh="聚沙日",
        title_en="Grains Day",
        theme_zh="一人一粒。",
        theme_en="One grain each.",
        story_zh="一起捐。",
        story_en="Giving together.",
    )
    day.projects.set([books, water])


@pytest.fixture
def site(
    house: House,
    tmp_path: Path,
    settings: Any,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Site]:
    """Open the furnished site: Django works as the role `web` in the house's own database."""
    settings.JUSHA_LOG_DIR = tmp_path / "log"
    settings.JUSHA_LOG_ORIGIN = ORIGIN
    settings.HOME = tmp_path
    found = conninfo_to_dict(database_url("web", HOME, house.database))
    default = connections["default"]
    with django_db_blocker.unblock():
        default.close()
        before = dict(default.settings_dict)
        default.settings_dict.update(
            NAME=found["dbname"], USER=found["user"], PASSWORD=found.get("password", "")
        )
        cache.clear()
        held.clear()
        house.furnish()
        write_pages()
        with psycopg.connect(database_url("owner", HOME, house.database)) as owner:
            owner.execute(CERTIFICATE_SQL, (date(2024, 1, 1), date(2099, 12, 31)))
            owner.execute(FILING_SQL, (date(2024, 1, 1), date(2024, 1, 1), date(2099, 12, 31)))
        yield Site(house, tmp_path / "log")
        default.close()
        default.settings_dict.update(before)
        cache.clear()
        held.clear()


class Quiet(WSGIRequestHandler):
    """Serves without writing a line for each request."""

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def served(application: WSGIApplication) -> Iterator[int]:
    """Serve `application` on a free port of this machine; the port."""
    server: WSGIServer = make_server("127.0.0.1", 0, application, handler_class=Quiet)

    def serve() -> None:
        try:
            server.serve_forever()
        finally:
            connections.close_all()  # this thread's own

    thread = threading.Thread(target=serve)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    """The furnished site, served on a free port of this machine."""
    site.house.give(2000)
    site.publish()
    with served(get_wsgi_application()) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def cashier(settings: Any) -> Iterator[str]:
    """A till the pages send donors to, which only says that it was reached; its address.

    It listens: a browser is sent there by a redirect, and those cannot be answered in its stead.
    """

    def reached(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"paid"]

    with served(reached) as port:
        settings.JUSHA_CASHIER_PORT = port
        yield f"127.0.0.1:{port}/pay"


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """Chromium, which asks nobody outside for anything."""
    with launched() as browser:
        yield browser

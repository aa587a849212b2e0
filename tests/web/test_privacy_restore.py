"""Who was erased stays erased: a restored backup is erased again before anything starts."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone
from psycopg import sql

from jusha.config.postgres import Cluster
from jusha.config.postgres.place import find_place
from jusha.giving.erase_again import erase_again, let_go_daily
from jusha.giving.models import Receipt, ReceiptPaper, ReceiptPayer
from jusha.giving.receipt_payer import locked_until, read_payer
from jusha.payments.order import read_opening
from jusha.people import erasure_list
from jusha.people.accounts import find
from jusha.people.donor_keys import forget_cached
from jusha.people.erasure_list import ListDamagedError
from jusha.people.models import Consent, DonorKey, Erasure, Mailbox, Opening, UserAccount
from tests.home import HOME
from tests.web.conftest import Site
from tests.web.staff import as_owner, member, sign_in, signed_in
from tests.web.test_privacy import LIN, full_gift, give


@pytest.fixture
def dump(site: Site) -> Iterator[str]:
    """Name for a copy of the site's database as it is at some moment; dropped afterwards."""
    name = f"{site.house.database}_dump"
    yield name
    connections["default"].close()
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def take_dump(site: Site, name: str) -> None:
    connections["default"].close()
    with Cluster(HOME).connect("postgres") as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (site.house.database,),
        )
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER jusha_owner").format(
                sql.Identifier(name), sql.Identifier(site.house.database)
            )
        )


def go_to(name: str) -> None:
    """Let Django work in that database, as after a restore."""
    default = connections["default"]
    default.close()
    default.settings_dict["NAME"] = name
    forget_cached()


def test_an_old_backup_is_erased_again_once_and_others_are_left_alone(
    site: Site, dump: str
) -> None:
    client, other = Client(), Client()
    theirs = give(site, other)
    no = full_gift(site, client)
    sign_in(client, LIN)
    client.post("/mine/keep")
    client.post("/privacy/consent", {"kind": "progress-messages", "version": "1", "given": "1"})
    account = find(LIN)
    assert account is not None
    take_dump(site, dump)
    signed_in(account).post("/privacy/erase", {"sure": "1"})
    assert read_opening(no) is None

    go_to(dump)
    assert read_opening(no) is not None, "the backup is older than the erasing"
    assert find(LIN) is not None
    home = Path(site.log_folder).parent
    assert erase_again(home) == 1
    assert erase_again(home) == 0
    assert read_opening(no) is None
    assert find(LIN) is None
    assert Mailbox.objects.count() == 0
    assert Consent.objects.get().subject is None
    assert read_opening(theirs) is not None
    assert Erasure.objects.count() == 1


def test_whom_one_receipt_was_for_is_locked_again_and_goes_when_its_time_is_over(
    site: Site, dump: str
) -> None:
    client = Client()
    no = full_gift(site, client)
    receipt = Receipt.objects.get(order_no=no).pk
    take_dump(site, dump)
    assert client.post(f"/o/{no}/receipt", {"do": "erase"}).status_code == 303
    year = timezone.localtime().year
    home = Path(site.log_folder).parent
    for _ in ("before the restore", "after it"):
        assert read_payer(receipt) is None
        assert locked_until(receipt) == date(year + 10, 12, 31)
        assert read_opening(no) is not None, "only the payer goes"
        go_to(dump)
        erase_again(home)
    let_go_daily(datetime(year + 10, 12, 31, 12, tzinfo=UTC))
    assert ReceiptPayer.objects.count() == 1, "on the last day it is still there"
    let_go_daily(datetime(year + 11, 1, 1, 12, tzinfo=UTC))
    assert ReceiptPayer.objects.count() == 0
    assert ReceiptPaper.objects.filter(receipt=receipt).count() == 1
    assert erase_again(home) == 0


def test_who_was_staff_in_the_backup_and_was_erased_later_is_erased_again(
    site: Site, dump: str
) -> None:
    account = member(site, LIN)
    take_dump(site, dump)
    with as_owner(site):
        from jusha.charities.models import Member  # noqa: PLC0415 - only here

        Member.objects.filter(account=account).delete()
    signed_in(account).post("/privacy/erase", {"sure": "1"})
    assert find(LIN) is None
    go_to(dump)
    with as_owner(site):
        assert erase_again(Path(site.log_folder).parent) == 1
    assert UserAccount.objects.count() == 0


def test_what_was_written_down_and_then_cut_off_is_carried_out_at_the_next_start(
    site: Site,
) -> None:
    no = give(site, Client())
    donor = Opening.objects.get(order_no=no).donor
    assert donor is not None
    home = Path(site.log_folder).parent
    erasure_list.append(
        home, id_=uuid4(), at_s=1_795_000_000, accounts=[], donors=[donor], orders=[]
    )
    assert read_opening(no) is not None
    assert erase_again(home) == 1
    assert read_opening(no) is None
    assert DonorKey.objects.get(pk=donor).words is None


def test_a_list_that_lacks_what_the_database_knows_is_refused(site: Site) -> None:
    client = Client()
    give(site, client)
    client.post("/privacy/erase", {"sure": "1"})
    home = Path(site.log_folder).parent
    shutil.rmtree(home / "erasures")
    with pytest.raises(ListDamagedError, match="lacks 1 erasures"):
        erase_again(home)


SETUP = """
from jusha.config.postgres import prepare
prepare()
import django
django.setup()
from jusha.settlement.schema import migrate
migrate()
"""
ORDER = """
import django
django.setup()
from uuid import UUID
from jusha.payments.order import Wish, place_order, read_opening
no = place_order(Wish("books", "", 500, note="words of a donor"), donor=UUID(int=7))
print(no, read_opening(no) is not None)
"""
ERASE = """
import django
django.setup()
from uuid import UUID
from django.utils import timezone
from jusha.giving.erase_donor import Whose, erase_donor
print(len(erase_donor(Whose(donor=UUID(int=7)), now=timezone.now()).orders))
"""
COUNT = "SELECT count(*) FROM jusha_opening"
KEY = "SELECT count(*) FROM jusha_donorkey WHERE words IS NULL AND erased_at IS NOT NULL"


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that PostgreSQL's own user can enter, removed with its cluster."""
    base = Path(tempfile.mkdtemp(prefix="jusha-test-"))
    base.chmod(0o755)
    try:
        yield base / "home"
    finally:
        Cluster(base / "home").stop()
        shutil.rmtree(find_place(base / "home").root, ignore_errors=True)
        shutil.rmtree(base)


def test_jusha_db_restore_brings_nobody_back(home: Path) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUSHA_", "DATABASE_"))
    } | {"JUSHA_HOME": str(home), "DJANGO_SETTINGS_MODULE": "jusha.config.settings"}

    def run(*words: str, good: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, *words], env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode == 0) == good, done.stdout + done.stderr
        return done.stdout + done.stderr

    folder = home.parent / "backup"
    owner = environment | {"JUSHA_DB_ROLE": "owner"}
    environment = owner
    run("-c", SETUP)
    assert "True" in run("-c", ORDER)
    run("-m", "jusha", "db", "backup", str(folder))
    assert run("-c", ERASE).strip().splitlines()[-1] == "1"
    run("-m", "jusha", "db", "stop")
    told = run("-m", "jusha", "db", "restore", str(folder), "--force")
    assert "1 carried out again" in told
    asked = ("-m", "jusha", "db", "ask", "--role", "owner")
    assert run(*asked, COUNT).split() == ["count", "0"]
    assert run(*asked, KEY).split() == ["count", "1"]
    assert "carried out again" not in run("-m", "jusha", "db", "erase-again")
    (home / "erasures" / "list").unlink()
    refused = run("-m", "jusha", "db", "erase-again", good=False)
    assert "lacks 1 erasures" in refused

"""Build the demo world: what people edit, by rows; what settlement reads, by instructions."""

import hashlib
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from psycopg import Connection
from stdnum.cn import uscc

from jusha.campaigns.models import Campaign
from jusha.charities.models import Certificate, Charity
from jusha.inbox.instruct import Outcome, instruct
from jusha.management.demo.plans import write_plan
from jusha.payments.bank_account import BANK
from jusha.payments.secret import set_secret
from jusha.projects.models import Project
from jusha.projects.plan_models import Filing
from jusha.projects.record_filing import Seen, write_filing
from jusha.projects.rules import Asked

WORLD: Final = tomllib.loads((Path(__file__).parent / "world.toml").read_text())
CHANNELS: Final = ("sandbox-cashier", "sandbox-partner")
RAILS: Final = ("wechat", "alipay")
DAYS: Final = 10
FILED_DAYS_BEFORE: Final = 20

log = structlog.get_logger("demo")


class DemoRefusedError(Exception):
    """Settlement refused a part of the demo world."""


def write_pages() -> None:
    """Write what charities say about themselves and their projects; safe to repeat.

    Runs before the processes start. Writes: jusha_charity, jusha_project, jusha_campaign.
    """
    charities = {}
    today = datetime.now(UTC).date()
    for place, row in enumerate(WORLD["charity"], 1):
        legal = {"uscc": credit_code(place), "certificate_no": f"演示证书第 {place} 号"}
        charities[row["code"]], _ = Charity.objects.update_or_create(
            code=row["code"], defaults=legal | row
        )
        certificate = {
            "number": legal["certificate_no"],
            "issuer": "演示民政局",
            "valid_from": today - timedelta(days=400),
            "valid_until": today + timedelta(days=1_400),
            "evidence": hashlib.sha256(row["code"].encode()).hexdigest(),
            "set_by": "demo",
            "second": "demo too",
        }
        Certificate.objects.get_or_create(charity=row["code"], defaults=certificate)
    projects = []
    for place, row in enumerate(WORLD["project"], 1):
        fields = row | {
            "charity": charities[row["charity"]],
            "filing_no": f"{charities[row['charity']].uscc}A{place:05d}",
            "starts_on": today - timedelta(days=30),
            "ends_on": today + timedelta(days=330),
        }
        project, _ = Project.objects.update_or_create(code=row["code"], defaults=fields)
        projects.append(project)
        _file(project)
        write_plan(project)
    told = {
        name: value
        for name, value in WORLD["campaign"].items()
        if name.startswith(("title", "theme", "story"))
    }
    campaign, _ = Campaign.objects.update_or_create(code=WORLD["campaign"]["code"], defaults=told)
    campaign.projects.set(projects)


def credit_code(place: int) -> str:
    """A code with a right check character (GB 32100) in an area that no authority has."""
    begin = f"53999900DEM{place:06d}"
    return begin + uscc.calc_check_digit(begin)


def _file(project: Project) -> None:
    if Filing.objects.filter(project=project.code).exists():
        return
    asked = Asked(
        project.filing_no,
        project.starts_on - timedelta(days=FILED_DAYS_BEFORE),
        project.starts_on,
        project.ends_on,
    )
    seen = Seen("demo", "demo too", hashlib.sha256(project.code.encode()).hexdigest())
    write_filing(project.charity.code, project.code, asked, seen, plan=0)


def write_secrets(folder: Path) -> None:
    """Give the simulators their channels' secrets, as files only their owner reads."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for channel in CHANNELS:
        path = folder / f"{channel}.secret"
        if not path.exists():
            secret = set_secret(channel)
            path.touch(mode=0o600)
            path.write_text(secret.hex())


def tell_settlement(connection: Connection[Any]) -> bool:
    """Open funds, campaign, pool and rule; say whether the world is new.

    What an interrupted run has opened already is left as it is. Needs a running
    settlement. Raises DemoRefusedError. Reads: matching_rule, matching_pool. Writes: the inbox.
    """
    rule = WORLD["campaign"]["rule"]
    if connection.execute("SELECT 1 FROM matching_rule WHERE code = %s", (rule,)).fetchone():
        return False
    for row in WORLD["charity"]:
        _insist(instruct(connection, "admit-charity", {"code": row["code"]}, by="demo"))
    for row in WORLD["project"]:
        body = {name: row[name] for name in ("code", "charity", "running_permille")}
        _insist(instruct(connection, "open-project", body, by="demo"))
    _open_campaign(connection, WORLD["campaign"])
    return True


def admit_channels(connection: Connection[Any]) -> bool:
    """Open the channels of the simulated gateways; what is open already is left as it is.

    Needs a running settlement. Raises DemoRefusedError. Reads: payments_channel. Writes: the inbox.
    """
    known = {code for (code,) in connection.execute("SELECT code FROM payments_channel")}
    for channel in sorted({*CHANNELS, *RAILS, BANK} - known):
        clock = {BANK: "file"}.get(channel, "rail" if channel in RAILS else "receipt")
        rights = {"assets": ["CNY"], "clock": clock, "gift_max": 10_000_000}
        rights |= {"minute_max": 1_000_000_000, "day_max": 50_000_000_000}
        body = {"code": channel, "terms": rights}
        _insist(instruct(connection, "admit-channel", body, by="demo"))
    return True


def _open_campaign(connection: Connection[Any], campaign: dict[str, Any]) -> None:
    # The giving day is in progress: it opened at the start of today, Shanghai time.
    now = datetime.now(UTC)
    opens = (now + timedelta(hours=8)).replace(hour=0, minute=0) - timedelta(hours=8)
    terms = {
        "opens": f"{opens:%Y-%m-%dT%H:%MZ}",
        "closes": f"{opens + timedelta(days=DAYS):%Y-%m-%dT%H:%MZ}",
        "channels": [*CHANNELS, *RAILS, BANK],
    }
    pool = {"code": campaign["pool"], "campaign": campaign["code"], "how": "secured"}
    pool |= {"sponsor": campaign["sponsor"], "amount": campaign["pool_amount"]}
    rule = {"code": campaign["rule"], "pool": campaign["pool"], "from": terms["opens"]}
    rule |= {"terms": campaign["terms"]}
    body = {"code": campaign["code"], "terms": terms}
    _insist(instruct(connection, "open-campaign", body, by="demo"))
    if not connection.execute(
        "SELECT 1 FROM matching_pool WHERE code = %s", (campaign["pool"],)
    ).fetchone():
        _insist(instruct(connection, "fund-pool", pool, by="demo"))
    _insist(instruct(connection, "publish-rule", rule, by="demo-li", second="demo-wang"))


def _insist(outcome: Outcome) -> None:
    if outcome.code not in {"done", "code-taken"}:
        raise DemoRefusedError(f"{outcome.code} {outcome.detail}")

"""Build the demo world: what people edit, by rows; what settlement reads, by instructions."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from psycopg import Connection

from jusha.campaigns.models import Campaign
from jusha.charities.models import Charity
from jusha.inbox.instruct import Outcome, instruct
from jusha.payments.secret import set_secret
from jusha.projects.models import Project

WORLD: Final = tomllib.loads((Path(__file__).parent / "world.toml").read_text())
CHANNELS: Final = ("sandbox-cashier", "sandbox-partner")
DAYS: Final = 10

log = structlog.get_logger("demo")


class DemoRefusedError(Exception):
    """Settlement refused a part of the demo world."""


def write_pages() -> None:
    """Write what charities say about themselves and their projects; safe to repeat.

    Runs before the processes start. Writes: jusha_charity, jusha_project, jusha_campaign.
    """
    charities = {}
    for place, row in enumerate(WORLD["charity"], 1):
        legal = {"uscc": f"DEMO{place:014d}", "certificate_no": f"演示证书第 {place} 号"}
        charities[row["code"]], _ = Charity.objects.update_or_create(
            code=row["code"], defaults=legal | row
        )
    today = datetime.now(UTC).date()
    projects = []
    for place, row in enumerate(WORLD["project"], 1):
        fields = row | {
            "charity": charities[row["charity"]],
            "filing_no": f"演示备案第 {place} 号",
            "starts_on": today - timedelta(days=30),
            "ends_on": today + timedelta(days=330),
        }
        project, _ = Project.objects.update_or_create(code=row["code"], defaults=fields)
        projects.append(project)
    told = {
        name: value
        for name, value in WORLD["campaign"].items()
        if name.startswith(("title", "theme", "story"))
    }
    campaign, _ = Campaign.objects.update_or_create(code=WORLD["campaign"]["code"], defaults=told)
    campaign.projects.set(projects)


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
    """Open channels, funds, campaign, pool and rule; say whether the world is new.

    What an interrupted run has opened already is left as it is. Needs a running
    settlement. Raises DemoRefusedError. Reads: matching_rule, matching_pool. Writes: the inbox.
    """
    rule = WORLD["campaign"]["rule"]
    if connection.execute("SELECT 1 FROM matching_rule WHERE code = %s", (rule,)).fetchone():
        return False
    for channel in CHANNELS:
        rights = {"assets": ["CNY"], "clock": "receipt", "gift_max": 10_000_000}
        rights |= {"minute_max": 1_000_000_000, "day_max": 50_000_000_000}
        body = {"code": channel, "terms": rights}
        _insist(instruct(connection, "admit-channel", body, by="demo"))
    for row in WORLD["charity"]:
        _insist(instruct(connection, "admit-charity", {"code": row["code"]}, by="demo"))
    for row in WORLD["project"]:
        body = {name: row[name] for name in ("code", "charity", "running_permille")}
        _insist(instruct(connection, "open-project", body, by="demo"))
    _open_campaign(connection, WORLD["campaign"])
    return True


def _open_campaign(connection: Connection[Any], campaign: dict[str, Any]) -> None:
    # The giving day is in progress: it opened at the start of today, Shanghai time.
    now = datetime.now(UTC)
    opens = (now + timedelta(hours=8)).replace(hour=0, minute=0) - timedelta(hours=8)
    terms = {
        "opens": f"{opens:%Y-%m-%dT%H:%MZ}",
        "closes": f"{opens + timedelta(days=DAYS):%Y-%m-%dT%H:%MZ}",
        "channels": list(CHANNELS),
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

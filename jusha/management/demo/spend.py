"""The demo's first expenses and posts, made by its invented people as the desk makes them.

So that a visitor of a fresh installation sees where a gift went, and not only that it came.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any, Final

from django.core.files.base import ContentFile
from django.utils.timezone import localdate
from PIL import Image, ImageDraw

from jusha.charities.appoint import appoint
from jusha.charities.rules import Role
from jusha.management.demo.people import CHARITIES, finance_of, programme_of
from jusha.people.models import Decision
from jusha.projects import queries as projects
from jusha.projects.expense_rules import Asked
from jusha.projects.expenses import KIND, confirm_expense, propose_expenses
from jusha.projects.publish_paper import Written, publish_post
from jusha.uploads.keep import keep
from jusha.uploads.rules import PAPERS

UNITS: Final = 3
WAIT_SECONDS: Final = 120
TRY_EVERY_SECONDS: Final = 0.5
PAID_DAYS_AGO: Final = 2
PAPER_SIZE: Final = (720, 420)


def spend_first(world: dict[str, Any], *, stopping: Callable[[], bool]) -> int:
    """Spend three units of the first project of each charity, and tell of it; how many expenses.

    Waits up to two minutes for gifts to arrive; on an installation with an expense it does nothing.
    Writes: jusha_upload, jusha_decision, jusha_decisionend, jusha_disclosurepaper, the inbox.
    """
    if Decision.objects.filter(kind=KIND).exists():
        return 0
    done = 0
    for charity in world["charity"][:CHARITIES]:
        row = next(each for each in world["project"] if each["charity"] == charity["code"])
        if _arrives(row["code"], UNITS * row["unit_amount"], stopping):
            _spend(row)
            done += 1
    return done


def _arrives(project: str, amount: int, stopping: Callable[[], bool]) -> bool:
    """Wait until a project's programme line has so many fen left."""
    until = time.monotonic() + WAIT_SECONDS
    while not stopping() and time.monotonic() < until:
        fund = projects.fund(project)
        if fund is not None and projects.money_line(fund).programme.left >= amount:
            return True
        time.sleep(TRY_EVERY_SECONDS)
    return False


def _spend(row: dict[str, Any]) -> None:
    charity = row["charity"]
    asks = appoint(programme_of(charity), charity=charity, role=Role.PROGRAMME, demo=True)
    confirms = appoint(finance_of(charity)[0], charity=charity, role=Role.FINANCE, demo=True)
    asked = Asked(
        project=row["code"],
        line="programme",
        amount=UNITS * row["unit_amount"],
        what="goods",
        purpose=f"{UNITS} {row['unit_zh']}",
        place=row["place_zh"],
        supplier="演示供应商（虚构）",
        on=str(localdate() - timedelta(days=PAID_DAYS_AGO)),
        units=UNITS,
    )
    paper = keep(_paper(row["code"]), by=asks.pk, charity=charity, kinds=PAPERS)
    (decision,) = propose_expenses([asked], charity=charity, by=asks.pk, evidence=[paper.sha256])
    confirm_expense(decision.pk, by=confirms.pk)
    told = Written(
        f"第一批 {UNITS} {row['unit_zh']}已经送到",
        f"{row['place_zh']}：{row['summary_zh']}这是演示，文字是虚构的。",
        f"{row['place_en']}: {row['summary_en']} This is a demo; the words are invented.",
    )
    publish_post(row["code"], told, by=asks.pk)


def _paper(project: str) -> "ContentFile[bytes]":
    """A slip that says of itself that it is none."""
    drawn = Image.new("RGB", PAPER_SIZE, (250, 248, 242))
    ImageDraw.Draw(drawn).text((60, 60), f"DEMO\n{project}\nnot a real invoice", fill=(60, 50, 40))
    out = BytesIO()
    drawn.save(out, "PNG")
    return ContentFile(out.getvalue(), name=f"{project}.png")

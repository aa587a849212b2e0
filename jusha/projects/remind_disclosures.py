"""Remind a charity's people of what is due soon, and tell them when it is late."""

from datetime import date, datetime, timedelta

import structlog
from django.utils.timezone import localdate

from jusha.charities.queries import members
from jusha.law.queries import figure
from jusha.notices.rules import REPORT_DUE, REPORT_LATE
from jusha.notices.tell import tell
from jusha.projects.disclosure_queries import soon
from jusha.projects.disclosure_rules import SOON_RULE

log = structlog.get_logger("disclosures")


def remind(now: datetime) -> int:
    """One letter to each member when a report is due soon, one when it is late; how many are new.

    Safe to repeat. Reads: as disclosure_queries.soon, jusha_member. Writes: jusha_message.
    """
    today: date = localdate(now)
    until = today + timedelta(days=figure(SOON_RULE, on=today))
    told = 0
    for each in soon(today, until=until, most=None):  # a pile of late ones hides no other
        row = each.row
        facts = {
            "charity": row.charity, "project": row.project, "report": row.kind,
            "due": each.due_on.isoformat(),
        }  # fmt: skip
        told += tell(
            [member.account_id for member in members(row.charity)],
            kind=REPORT_LATE if each.state == "overdue" else REPORT_DUE,
            about=row.pk,
            facts=facts,
            now=now,
        )
    if told:
        log.info("reports_reminded", count=told)
    return told

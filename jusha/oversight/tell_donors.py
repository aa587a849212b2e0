"""A reviewer writes to the donors of a project; another reviewer sends it.

It is the platform's own message (MZ/T 088-2017: tell the donors), so it goes to every donor with an
account, whatever they agreed to hear of the project's progress.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from jusha.notices.broadcast import confirm, propose, withdraw
from jusha.notices.models import Broadcast
from jusha.notices.rules import PLATFORM, TEXT_MAX
from jusha.oversight.models import Complaint, ComplaintStep
from jusha.oversight.queries import judge
from jusha.oversight.rules import ComplaintRefusedError, check_judge
from jusha.oversight.step import review

OWN: Final = (PLATFORM,)


def propose_telling(number: int, *, by: UUID, words: str) -> ComplaintStep:
    """Write what the donors of the complaint's project are told. Raises ComplaintRefusedError.

    Writes: jusha_broadcast, jusha_complaintstep, jusha_complaintwords.
    """
    project = Complaint.objects.filter(pk=number).values_list("project", flat=True).first()
    if not project:
        raise ComplaintRefusedError("no-project")
    if not 0 < len(words.strip()) <= TEXT_MAX:
        raise ComplaintRefusedError("too-long" if words.strip() else "no-words")
    with transaction.atomic():
        made = propose(charity=PLATFORM, project=project, text=words, by=str(by))
        return review(number, "told", by=by, words=words, hold=made.pk)


def confirm_telling(number: int, broadcast: int, *, by: UUID, now: datetime) -> None:
    """Let another reviewer's message about a complaint go out, as who may judge it.

    Raises ComplaintRefusedError, NotBroadcastError. Writes: jusha_broadcast.
    """
    _check_may(number, broadcast, by)
    confirm(broadcast, charities=OWN, second=str(by), now=now)


def withdraw_telling(number: int, broadcast: int, *, by: UUID) -> None:
    """Take back what nobody sent yet. Raises as `confirm_telling`. Writes: jusha_broadcast."""
    _check_may(number, broadcast, by)
    withdraw(broadcast, charities=OWN)


def _check_may(number: int, broadcast: int, by: UUID) -> None:
    """Return if the message belongs to the complaint, and this reviewer may judge that.

    Raises ComplaintRefusedError: "not-waiting", "conflict".
    """
    found = Complaint.objects.filter(pk=number).first()
    steps = ComplaintStep.objects.filter(complaint=number, did="told", hold=broadcast)
    if found is None or not steps.exists():
        raise ComplaintRefusedError("not-waiting")
    check_judge(judge(found, by), charity=found.charity)


def told(numbers: list[int]) -> dict[int, Broadcast]:
    """The platform's own messages by number. Reads: jusha_broadcast."""
    return Broadcast.objects.filter(charity=PLATFORM).in_bulk(numbers)

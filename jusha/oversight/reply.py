"""The charity replies to what it was asked about a complaint."""

from uuid import UUID

from django.db import IntegrityError, transaction

from jusha.oversight.models import ComplaintStep
from jusha.oversight.rules import CHARITY, ComplaintRefusedError, check_reply, check_words
from jusha.oversight.step import locked
from jusha.oversight.words import keep_words


def reply(number: int, *, by: UUID, words: str) -> ComplaintStep:
    """Reply for the charity; `by` is of its programme or finance. Raises ComplaintRefusedError.

    Writes: jusha_complaintstep, jusha_complaintwords.
    """
    said = check_words(words)
    try:
        with transaction.atomic():
            locked(number, check_reply)
            made = ComplaintStep.objects.create(
                complaint=number, did="replied", as_role=CHARITY, by=by
            )
            keep_words(made.pk, number, said)
    except IntegrityError as error:  # who they are, the database knows
        raise ComplaintRefusedError("unknown") from error
    return made

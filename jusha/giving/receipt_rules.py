"""What a receipt may be asked for, what has to happen to it next, and how it is numbered. Pure.

A donor's receipt states who gave, what, to whom and when; that a donor is unknown or wants none is
recorded as well (Charity Law section 38). The ministry's own receipt is the charity's to issue
(facts R-RC-4); the letter that this house writes says what it is.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

LETTER: Final = "letter"
E_RECEIPT: Final = "e-receipt"
KINDS: Final = (LETTER, E_RECEIPT)
"""letter: our confirmation letter (捐赠确认函); e-receipt: the charity's 公益事业捐赠电子票据."""
PERSON: Final = "person"
ORGANISATION: Final = "organisation"
TITLES: Final = (PERSON, ORGANISATION)

REQUESTED: Final = "requested"
ISSUED: Final = "issued"
WAIVED: Final = "waived"
ANONYMOUS: Final = "anonymous"
STATES: Final = (REQUESTED, ISSUED, WAIVED, ANONYMOUS)
"""Where a gift's receipt can be; every gift is in one of these.

requested: asked for and not there yet, or reversed for a refund on its way; issued: it stands;
waived: nobody asked, or the wish was taken back, or nothing is left to receipt; anonymous: there
was nobody who could be asked.
"""

ISSUE: Final = "issue"
REVERSE: Final = "reverse"
NOTHING: Final = ""

NAME_MAX: Final = 60
MAIL_MAX: Final = 100
CONSENT: Final = "2026-11-23"
"""Which wording the donor agreed to, of handing these data to the charity and its issuer."""
SERIAL_DIGITS: Final = 6

REFUSALS: Final = (
    "bad-name", "bad-code", "bad-mail", "no-consent", "already-issued", "under-way", "no-issuer",
    "refund-waits", "too-often", "no-wish",
)  # fmt: skip
LETTERS_MAX: Final = 5
"""How often a donor may have a letter written anew, for another name."""


class ReceiptRefusedError(Exception):
    """The receipt cannot be asked for like this, or not now; `code` is one of REFUSALS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Payer(NamedTuple):
    """Whom a receipt is for. `code` is a 统一社会信用代码 or ""; all of it personal data."""

    title: str
    name: str
    code: str = ""
    mail: str = ""


class Paper(NamedTuple):
    """One paper as the rules see it: `reverses` is the paper that it takes back, else None."""

    id: int
    kind: str
    does: str
    amount: int
    reverses: int | None


def check_payer(payer: Payer) -> Payer:
    """Return the payer as it is kept. Raises ReceiptRefusedError: bad-name, bad-code, bad-mail."""
    if payer.title not in TITLES:
        raise ReceiptRefusedError("bad-name")
    name = _line(payer.name)
    if not name or len(name) > NAME_MAX:
        raise ReceiptRefusedError("bad-name")
    code = unicodedata.normalize("NFKC", payer.code).strip().upper()
    if code and payer.title == PERSON:
        raise ReceiptRefusedError("bad-code")
    mail = payer.mail.strip()
    if mail and not _is_mail(mail):
        raise ReceiptRefusedError("bad-mail")
    return Payer(payer.title, name, credit_code(code) if code else "", mail)


def credit_code(text: str) -> str:
    """Check a 统一社会信用代码 by GB 32100 and return it bare. Raises ReceiptRefusedError."""
    try:
        if not text.isascii():
            raise ReceiptRefusedError("bad-code")
        return str(uscc.validate(text))
    except ValidationError as error:
        raise ReceiptRefusedError("bad-code") from error


def standing(papers: Iterable[Paper], kind: str) -> Paper | None:
    """The paper of this kind that was issued and not reversed; None if none stands."""
    of_kind = [paper for paper in papers if paper.kind == kind]
    gone = {paper.reverses for paper in of_kind if paper.reverses is not None}
    issued = [paper for paper in of_kind if paper.does == ISSUE and paper.id not in gone]
    assert len(issued) <= 1, f"two papers stand: {issued}"
    return issued[0] if issued else None


def wanted(*, left: int, refund_waits: bool, stands: int, has_payer: bool) -> int:
    """Over how much a receipt should stand: what is left, and nothing before a refund is booked.

    Where the payer was erased no new paper can be written; what stands and is true stays.
    """
    if refund_waits or left <= 0:
        return 0
    return left if has_payer or stands == left else 0


def next_step(*, stands: int, should: int) -> Literal["", "issue", "reverse"]:
    """What brings what stands to what should: one step, "" where they agree already."""
    if stands == should:
        return NOTHING
    return REVERSE if stands else ISSUE


def state_after(*, is_there: bool, should: int, refund_waits: bool) -> str:
    """The state of a wish whose paper stands or not.

    With nothing left and no refund on its way there is nothing to ask for: waived.
    """
    if is_there:
        return ISSUED
    return REQUESTED if should or refund_waits else WAIVED


def state_without_wish(order_no: int) -> str:
    """The state of a gift that nobody asked a receipt for; order 0 is a gift without an order."""
    return WAIVED if order_no else ANONYMOUS


def number_text(*, charity: str, year: int, number: int) -> str:
    """Write a paper's number: shan-2026-000001. No two papers of one kind have the same."""
    return f"{charity}-{year}-{number:0{SERIAL_DIGITS}d}"


def _line(text: str) -> str:
    """One line of text in NFC; refuse control and bidirectional characters."""
    plain = unicodedata.normalize("NFC", " ".join(text.split()))
    if any(unicodedata.category(char)[0] == "C" for char in plain):
        raise ReceiptRefusedError("bad-name")
    return plain


def _is_mail(text: str) -> bool:
    name, at, domain = text.rpartition("@")
    return (
        len(text) <= MAIL_MAX
        and text.isascii()
        and text.isprintable()
        and bool(name and at)
        and "." in domain.strip(".")
        and not set(' "(),:;<>@[\\]') & set(name + domain)
    )

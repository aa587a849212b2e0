"""The shapes of what is asked and answered. Amounts are integers of the asset's smallest unit.

A field that is not here is refused, so that a misspelt one is not lost in silence. Numbers of
orders are strings, because they are larger than what JavaScript's numbers hold.
"""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from jusha.api.rules import KINDS
from jusha.money.assets import AMOUNT_MAX
from jusha.payments.order import NAME_MAX, NOTE_MAX

CODE: Final = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,38}[A-Za-z0-9])?$"
NUMBER: Final = r"^(0|[1-9][0-9]{0,14})$"
ORDER: Final = r"^20[0-9]{16}$"
PUBLIC: Final = r"^wh_[0-9a-f]{16}$"
CURSOR: Final = r"^[A-Za-z0-9_-]{1,80}$"
NO_CONTROL: Final = r"^[^\u0000-\u001f\u007f-\u009f]*$"
URL: Final = r"^https?://[\x21-\x7e]{1,480}$"
URL_MAX: Final = 490
ROOM_SECONDS_MAX: Final = 900

Code = Annotated[str, Field(pattern=CODE, max_length=40)]
OrderNo = Annotated[str, Field(pattern=ORDER, description="18 digits, beginning with the date")]
Fen = Annotated[int, Field(ge=0, description="in the smallest unit of the asset, fen for CNY")]
Kind = Literal[
    "gift.settled", "gift.held", "gift.refunded", "gift.repaid", "match.decided",
    "match.returned", "checkpoint.published",
]  # fmt: skip


class Shape(BaseModel):
    """Nothing else may stand in it."""

    model_config = ConfigDict(extra="forbid")


class Told(Shape):
    """What is answered: its optional fields are always there."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


class Asked(Shape):
    """What is asked: a number is a number, and a text is a text."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Sums(Told):
    """Sums in fen, refunds taken off `given`, what went back off `matched`."""

    gifts: int
    given: Fen
    matched: Fen
    refunded: Fen
    returned: Fen


class Moment(Told):
    """How far settlement was when this was read: it counts at least so many entries."""

    entries: int
    at: datetime | None


class Page(Told):
    """Where the next page begins; null on the last."""

    next: str | None


class CharityShape(Told):
    """A charity with a certificate for public fundraising."""

    code: Code
    name_zh: str
    name_en: str
    uscc: str
    certificate_no: str
    address_zh: str
    address_en: str
    phone: str


class Charities(Page):
    """Charities in the order of their codes."""

    items: list[CharityShape]


class ProjectShape(Told):
    """A project as its page tells it."""

    code: Code
    charity: Code
    title_zh: str
    title_en: str
    summary_zh: str
    summary_en: str
    place_zh: str
    place_en: str
    unit_amount: Fen
    unit_zh: str
    unit_en: str
    target_amount: Fen
    stops_at_target: bool
    """Whether it takes nothing beyond: room is held for an order while it can be paid."""
    running_permille: int
    filing_no: str
    starts_on: date
    ends_on: date
    state: Literal["open", "gone", "unknown"]
    """open: takes gifts; gone: no more; unknown: settlement does not know it yet."""
    raised: Sums


class Projects(Page):
    """Projects in the order of their codes; `raised` over all campaigns and outside them."""

    as_of: Moment
    items: list[ProjectShape]


class FactsShape(Told):
    """What a donor is to be shown before the first gift to a project, and whenever it changed."""

    version: str
    """Goes with the order: this is what its donor was shown."""
    since: date
    raised: Fen
    spent: Fen
    progress_on: date | None
    """The newest post or report; null: none yet."""
    finance_on: date | None
    """The newest report with figures; null: none yet."""


class OneProject(ProjectShape):
    """A project, how far its sums reach, and what a donor sees of it before giving."""

    as_of: Moment
    facts: FactsShape | None
    """Null for a project that settlement does not know yet."""


class CampaignShape(Told):
    """A time of giving together."""

    code: Code
    title_zh: str
    title_en: str
    theme_zh: str
    theme_en: str
    opens: datetime
    closes: datetime
    raised: Sums


class Campaigns(Told):
    """Every campaign, newest first."""

    as_of: Moment
    items: list[CampaignShape]


class ProjectSums(Told):
    """What a project was given in a campaign."""

    project: Code
    raised: Sums


class OneCampaign(CampaignShape):
    """A campaign with the sums of its projects."""

    as_of: Moment
    projects: list[ProjectSums]


class MatchShape(Told):
    """A match of the gift as its entry has it; `why` is the bound that decided (docs/log.md)."""

    pool: str
    rule: str
    amount: Fen
    why: str
    claim: Fen
    """What it waits to share: paid later, by an entry of kind `share`."""
    gift: int
    """Whose match it is: this gift's number, or the friend's who invited to it."""


class RefundShape(Told):
    """What was sent back of the gift: the refund's entry, its sum, the match that went with it."""

    number: int
    amount: Fen
    matched: Fen


class ProofShape(Told):
    """Where the entry stands in the public log; `size` 0 while it is not published."""

    standing: Literal["settled", "published"]
    size: int
    leaf_hash: str
    path: list[str]
    at: datetime | None


class DeedShape(Told):
    """One entry of the log, for ever at its number; of gifts, what became of them."""

    number: int
    kind: str
    entry: dict[str, Any]
    """Its fields, as docs/log.md tells them."""
    raw: str
    """Its bytes as text: the leaf is their hash."""
    matches: list[MatchShape]
    refunds: list[RefundShape]
    proof: ProofShape


class CheckpointShape(Told):
    """The newest signed state of the log."""

    origin: str
    size: int
    root_hash: str
    at: datetime
    note: str
    """The signed note itself (C2SP signed-note)."""
    vkey: str


class PayAsk(Asked):
    """Show the order on a rail."""

    rail: Literal["wechat", "alipay"]
    way: Literal["native", "jsapi", "h5", "app", "page", "wap", "precreate"]
    payer: Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    """The payer's id at the rail, for jsapi."""
    client_ip: Annotated[str, Field(max_length=45, pattern=r"^[0-9a-fA-F:.]*$")] = ""
    """The payer's address, for h5."""
    back: Annotated[str, Field(max_length=URL_MAX, pattern=r"^(https?://[\x21-\x7e]{1,480})?$")] = (
        ""
    )
    """Where the payer's browser goes afterwards."""


class OrderAsk(Asked):
    """What a donor agrees to before paying."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "project": "qing-books",
                    "campaign": "",
                    "amount": 3500,
                    "facts": "0123456789ab",
                    "note": "",
                    "shown_name": "",
                    "pay": None,
                }
            ]
        }
    )

    project: Code
    campaign: Annotated[
        str, Field(max_length=40, pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,38}[A-Za-z0-9])?)?$")
    ] = ""
    """Empty: outside campaigns."""
    amount: Annotated[int, Field(ge=1, le=AMOUNT_MAX, description="in fen")]
    facts: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    """The version of the project's facts that the donor was shown, by GET /projects/{code}."""
    note: Annotated[str, Field(max_length=NOTE_MAX, pattern=NO_CONTROL)] = ""
    """Kept sealed; the log has only a commitment to it."""
    shown_name: Annotated[str, Field(max_length=NAME_MAX, pattern=NO_CONTROL)] = ""
    """As the note."""
    pay: PayAsk | None = None
    """Null: it is paid through a channel of your own."""


class Payable(Told):
    """How far the order is on its rail, and what the payer needs once it is ready."""

    rail: str
    way: str
    state: Literal["asked", "ready", "paid", "closed", "refused"]
    told: str
    """The rail's code, where it refused."""
    code: str
    """To show as a QR code."""
    url: str
    """To open in a browser."""
    parameters: dict[str, str]
    """To hand to the wallet's own call."""


class RefundStands(Told):
    """How a wish to have money back stands."""

    deed: int
    amount: Fen
    reason: str
    state: str


class OrderShape(Told):
    """An order and what became of it."""

    no: OrderNo
    state: Literal["received", "open", "paid", "held", "refused"]
    """received: durable, not settled yet; open: can be paid; paid: a gift; held: money came that
    does not fit; refused: settlement did not take it, `told` says why."""
    told: str
    deed: int | None
    amount: Fen | None
    refunded: Fen
    pay: list[Payable]
    refunds: list[RefundStands]


class Placed(Told):
    """An order that is durable."""

    no: OrderNo
    state: Literal["received"]


class RoomAsk(Asked):
    """A part of what a project with a hard target may still take."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"project": "qing-books", "amount": 300_000, "seconds": 60}]
        }
    )

    project: Code
    amount: Annotated[int, Field(ge=1, le=AMOUNT_MAX, description="in fen")]
    seconds: Annotated[int, Field(ge=1, le=ROOM_SECONDS_MAX)] = 60
    """After so long what was not given comes back by itself."""


class RoomHeld(Told):
    """Room that is held: gifts of the project up to `amount` until `until` do not overshoot."""

    id: int
    amount: Fen
    until: datetime


class Erased(Told):
    """An order whose donor's words are gone for good."""

    no: OrderNo
    state: Literal["erased"]


class RefundAsk(Asked):
    """A donor's wish to have money back; people decide about it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount": 3500, "reason": "paid-twice", "words": ""}]}
    )

    amount: Annotated[int, Field(ge=1, le=AMOUNT_MAX)]
    reason: Literal[
        "wrong-amount", "paid-twice", "minor", "project-stopped", "not-authorised", "changed-mind",
        "other",
    ]  # fmt: skip
    words: Annotated[str, Field(max_length=200, pattern=NO_CONTROL)] = ""
    """For the charity's finance alone; sealed."""
    deed: Annotated[int, Field(ge=0, le=10**15)] | None = None
    """Which payment of the order, where there are several; null: the first."""


class HookAsk(Asked):
    """An address to be told at."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"url": "https://example.org/hooks/jusha", "kinds": ["gift.settled"]}]
        }
    )

    url: Annotated[str, Field(pattern=URL, max_length=URL_MAX)]
    kinds: Annotated[list[Kind], Field(min_length=1, max_length=len(KINDS))]


class DeadShape(Told):
    """An event that was set aside after its last repeat."""

    kind: str
    number: int
    told: str
    created_at: datetime


class HookShape(Told):
    """A webhook and how it fares."""

    id: Annotated[str, Field(pattern=PUBLIC)]
    url: str
    kinds: list[Kind]
    state: Literal["on", "off"]
    told: str
    """Why it is off, or what failed last."""
    failing_since: datetime | None
    waiting: int
    created_at: datetime


class OneHook(HookShape):
    """A webhook with its oldest dead events."""

    dead: list[DeadShape]


class Hooks(Told):
    """A key's webhooks, oldest first."""

    items: list[HookShape]


class HookMade(Told):
    """A webhook's secret, shown once; the one before it holds until `before_until`."""

    id: Annotated[str, Field(pattern=PUBLIC)]
    secret: str
    before_until: datetime | None


class WrongShape(Told):
    """One thing that is wrong: where it stands, and what is the matter."""

    at: str
    detail: str


class ProblemShape(Shape):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(title="Problem")

    type: Annotated[str, Field(pattern=r"^urn:jusha:problem:[a-z-]+$")]
    title: str
    status: int
    detail: str
    """What happened, what is safe, what to do next."""
    errors: list[WrongShape] | None = None

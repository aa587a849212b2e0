"""The messages of protocol jusha-hmac-v1: what channels send, and what becomes of it.

docs/door.md is the protocol's reference for partners.
"""

import hashlib
from typing import Annotated, Final, Literal

import msgspec

from jusha.inbox.envelopes import CODE, NO_PERSON, Deed, Envelope, Order
from jusha.inbox.keys import deed_key, person_key
from jusha.money.assets import AMOUNT_MAX

BATCH_MAX: Final = 1_000

# "$" would let a line end pass.
Code = Annotated[str, msgspec.Meta(pattern=rf"^(?:{CODE.pattern})?\Z")]
Amount = Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
AssetCode = Literal["CNY", "USD", "HKD"]
OrderNo = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,17}\Z")]


class UnreadableError(Exception):
    """The body is not a message of the protocol; says where, and repeats no value of it."""


class DeedMessage(msgspec.Struct, forbid_unknown_fields=True):
    """One deed. `id` is the channel's own and unique in it for ever; `amount` is in fen (cents).

    Either `order` names what was agreed, or `project` (and `campaign`) say what it is for.
    """

    id: Name
    asset: AssetCode
    amount: Amount
    order: OrderNo | None = None
    project: Code = ""
    campaign: Code = ""
    payee: Code = ""
    payer: Annotated[str, msgspec.Meta(max_length=128)] = ""
    paid_at: Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800)] = 0


class OrderMessage(msgspec.Struct, forbid_unknown_fields=True):
    """One order: its number starts with the date and is chosen by the channel."""

    no: OrderNo
    asset: AssetCode
    amount: Amount
    project: Annotated[Code, msgspec.Meta(min_length=1)]
    campaign: Code = ""


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """Up to 1,000 messages; each keeps its own bytes for its own hash."""

    items: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=BATCH_MAX)]


_deed = msgspec.json.Decoder(DeedMessage)
_order = msgspec.json.Decoder(OrderMessage)
_batch = msgspec.json.Decoder(Batch)


class Keys:
    """The installation's secrets for naming deeds and payers; see people.vault."""

    def __init__(self, *, deed: bytes, person: bytes) -> None:
        self.deed = deed
        self.person = person

    def read_deed(self, channel: str, raw: bytes) -> Deed:
        """Turn one deed message into its envelope. Raises msgspec.DecodeError."""
        message = _deed.decode(raw)
        return Deed(
            channel=channel,
            key=deed_key(self.deed, channel, message.id),
            body=hashlib.sha256(raw).digest(),
            asset=message.asset,
            amount=message.amount,
            order=int(message.order) if message.order else 0,
            project=message.project,
            campaign=message.campaign,
            payee=message.payee,
            person=(
                person_key(self.person, channel, message.payer) if message.payer else NO_PERSON
            ),
            paid_at=message.paid_at,
        )

    def read_order(self, channel: str, raw: bytes) -> Order:  # noqa: ARG002 - one signature for both
        """Turn one order message into its envelope. Raises msgspec.DecodeError."""
        message = _order.decode(raw)
        return Order(
            no=int(message.no),
            project=message.project,
            campaign=message.campaign,
            asset=message.asset,
            amount=message.amount,
        )

    def read(self, path: str, channel: str, raw: bytes) -> list[Envelope]:
        """Read a message posted to one of PATHS, whole or not at all. Raises UnreadableError."""
        noun, is_batch = PATHS[path]
        one = self.read_deed if noun == "deed" else self.read_order
        try:
            if not is_batch:
                return [one(channel, raw)]
            return [one(channel, bytes(item)) for item in _batch.decode(raw).items]
        except msgspec.DecodeError as error:
            raise UnreadableError(str(error)) from error
        except UnicodeDecodeError as error:
            raise UnreadableError("the body is not UTF-8") from error
        except RecursionError as error:
            raise UnreadableError("the body is nested too deeply") from error


PATHS: Final = {
    "/door/v1/deeds": ("deed", False),
    "/door/v1/deeds/batch": ("deed", True),
    "/door/v1/orders": ("order", False),
    "/door/v1/orders/batch": ("order", True),
}
BODY_MAX: Final = {path: 1 << 20 if batch else 1 << 13 for path, (_, batch) in PATHS.items()}

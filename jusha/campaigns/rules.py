"""When a campaign is open, and whom it admits. Pure."""

import msgspec


class CampaignTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A campaign's times (UTC minutes, 2026-09-09T01:00Z) and the channels it admits.

    Empty `channels` admits every channel but those with a file's clock, which must
    be named (blueprint decision 2).
    """

    opens: str
    closes: str
    channels: tuple[str, ...] = ()


def admits(terms: CampaignTerms, channel: str, clock: str) -> bool:
    """Say whether deeds of this channel take part in the campaign."""
    return channel in terms.channels if terms.channels else clock != "file"

"""What sponsors' pools released to projects, as a 360Giving package (schema 1.4).

A grant is one release in the public log: from the sponsor, to the charity, for a project. Its
identifier is the entry's number, so each can be checked there. Recipients are organisations, never
persons.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings

from jusha.web.open.queries import Grant
from jusha.web.open.tables import address

PREFIX: Final = "360G-jusha"
VERSION: Final = "1.4"
FEN: Final = 100
VOCABULARY: Final = "Jusha fields of work"
"""The published list of plan_rules.THEMES."""


def package(grants: Iterable[Grant]) -> Iterator[bytes]:
    """The package, made while it is sent; () if there is no grant, as an empty one is not valid."""
    between = b'{"version":"%s","grants":[' % VERSION.encode()
    sent = False
    for each in grants:
        yield between + msgspec.json.encode(grant(each))
        between, sent = b",\n", True
    if sent:
        yield b"]}\n"


def grant(each: Grant) -> dict[str, Any]:
    """One release as a grant; the amount in yuan with two places, written exactly."""
    here = each.at.astimezone(ZoneInfo(settings.TIME_ZONE))
    said: dict[str, Any] = {
        "id": f"{PREFIX}-{each.number}",
        "title": f"配捐：{each.title}",
        "description": each.summary,
        "currency": "CNY",
        "amountAwarded": msgspec.Raw(b"%d.%02d" % divmod(each.amount, FEN)),
        "awardDate": here.date().isoformat(),
        "fundingOrganization": [{"id": f"{PREFIX}-pool-{each.pool}", "name": each.sponsor}],
        "recipientOrganization": [
            {
                "id": f"{PREFIX}-org-{each.uscc}",
                "name": each.name,
                "url": address("charity", each.charity),
                "addressCountry": "China",
            }
        ],
        "dataSource": address("deed", str(each.number)),
        "dateModified": here.isoformat(timespec="seconds"),
    }
    if each.theme:  # an empty list is not valid
        said["classifications"] = [{"vocabulary": VOCABULARY, "code": each.theme}]
    return said

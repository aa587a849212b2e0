"""Projects, charities and entries in schema.org's words, as JSON-LD.

Linked from the pages and not written into them: the pages' policy is that no script stands in a
page, and a test reads every page for that.
"""

from typing import Any, Final

import msgspec

from jusha.charities.models import Charity
from jusha.projects.models import Project
from jusha.web.open.tables import address

CONTEXT: Final = {"@context": "https://schema.org"}
FEN: Final = 100


def charity(found: Charity) -> dict[str, Any]:
    """A charity as an NGO."""
    return CONTEXT | _ngo(found)


def project(found: Project, *, takes: bool) -> dict[str, Any]:
    """A project, with the way to give to it if it takes gifts now."""
    told: dict[str, Any] = {
        "@type": "Project",
        "@id": address("project", found.code),
        "url": address("project", found.code),
        "identifier": found.filing_no,
        "name": found.title_zh,
        "alternateName": found.title_en,
        "description": found.summary_zh,
        "location": {"@type": "Place", "name": found.place_zh},
        "foundingDate": found.starts_on.isoformat(),
        "parentOrganization": _ngo(found.charity),
    }
    if takes:
        told["potentialAction"] = {
            "@type": "DonateAction",
            "target": address("donate", found.code),
            "recipient": {"@id": address("charity", found.charity.code)},
        }
    return CONTEXT | told


def gift(entry: dict[str, Any], found: Project | None) -> dict[str, Any]:
    """A gift of the log as a completed DonateAction: no donor, what stands in the log alone."""
    told: dict[str, Any] = {
        "@type": "DonateAction",
        "@id": address("deed", str(entry["n"])),
        "identifier": entry["n"],
        "actionStatus": "https://schema.org/CompletedActionStatus",
        "price": msgspec.Raw(b"%d.%02d" % divmod(entry["amt"], FEN)),
        "priceCurrency": entry["cur"],
    }
    if found is not None:
        told["object"] = {"@type": "Project", "@id": address("project", found.code)}
        told["recipient"] = {"@type": "NGO", "@id": address("charity", found.charity.code)}
    return CONTEXT | told


def _ngo(found: Charity) -> dict[str, Any]:
    return {
        "@type": "NGO",
        "@id": address("charity", found.code),
        "url": address("charity", found.code),
        "name": found.name_zh,
        "alternateName": found.name_en,
        "taxID": found.uscc,
        "telephone": found.phone,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": found.address_zh,
            "addressCountry": "CN",
        },
    }

"""All models of the one Django app, so that Django finds them; each lives in its room."""

from jusha.api import models as api
from jusha.campaigns import day_models as days
from jusha.campaigns import models as campaigns
from jusha.campaigns.live import models as live
from jusha.charities import models as charities
from jusha.charities import network_models as networks
from jusha.finding import models as finding
from jusha.giving import file_models as files
from jusha.giving import models as giving
from jusha.giving import residue_models as residues
from jusha.guarding import models as guarding
from jusha.inbox import models as inbox
from jusha.law import models as law
from jusha.ledger import models as ledger
from jusha.matching import block_models as blocks
from jusha.matching import models as matching
from jusha.notices import models as notices
from jusha.oversight import models as oversight
from jusha.oversight import platform_models as platform
from jusha.oversight import year_models as years
from jusha.payments import models as payments
from jusha.people import models as people
from jusha.projects import disclosure_models as disclosures
from jusha.projects import models as projects
from jusha.projects import plan_models as plans
from jusha.projects import target_models as targets
from jusha.settlement import models as settlement
from jusha.stories import models as stories
from jusha.teams import company_models as companies
from jusha.teams import models as teams
from jusha.tlog import models as tlog
from jusha.uploads import models as uploads

__all__ = [
    "api",
    "blocks",
    "campaigns",
    "charities",
    "companies",
    "days",
    "disclosures",
    "files",
    "finding",
    "giving",
    "guarding",
    "inbox",
    "law",
    "ledger",
    "live",
    "matching",
    "networks",
    "notices",
    "oversight",
    "payments",
    "people",
    "plans",
    "platform",
    "projects",
    "residues",
    "settlement",
    "stories",
    "targets",
    "teams",
    "tlog",
    "uploads",
    "years",
]

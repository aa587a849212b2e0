"""All models of the one Django app, so that Django finds them; each lives in its room."""

from jusha.campaigns import models as campaigns
from jusha.charities import models as charities
from jusha.giving import models as giving
from jusha.inbox import models as inbox
from jusha.ledger import models as ledger
from jusha.matching import models as matching
from jusha.payments import models as payments
from jusha.people import models as people
from jusha.projects import models as projects
from jusha.settlement import models as settlement
from jusha.tlog import models as tlog

__all__ = [
    "campaigns",
    "charities",
    "giving",
    "inbox",
    "ledger",
    "matching",
    "payments",
    "people",
    "projects",
    "settlement",
    "tlog",
]

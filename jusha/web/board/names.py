"""Hang the names of new gifts, some thousand a second; what is left waits for the next."""

import time
from typing import Final

from jusha.campaigns.live.hang_names import hang_next
from jusha.tlog import queries as tlog

BUDGET_SECONDS: Final = 0.5


class Names:
    """The wall's part of the board. Its memory is the table."""

    def tell(self) -> int:
        """Hang what is new; how many names."""
        size, hung = tlog.size(), 0
        until = time.monotonic() + BUDGET_SECONDS
        while (more := hang_next(size)) is not None:
            hung += more
            if time.monotonic() > until:
                break
        return hung

"""The kinds of rule: {name: pure function from terms and gift to what the rule gives}.

A kind's function never changes after its first use; a better one gets a new name, so
that every match ever made can be computed again.
"""

from collections.abc import Callable
from typing import Final

from jusha.matching.kinds.ratio import ratio

KINDS: Final[dict[str, Callable[[int, int, int], int]]] = {"ratio": ratio}

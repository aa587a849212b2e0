"""What a person can agree to, and the wording that they saw. Pure.

Nothing here is needed to give: who never says anything has agreed to nothing (PIPL articles 13,
16, 25). A wording is never edited: a new one gets the next version, and until a person agrees to
that they have not agreed.
"""

from typing import Final, NamedTuple

SHOW_NAME: Final = "show-name"
PROGRESS: Final = "progress-messages"
APPEAL: Final = "appeal-messages"

KEPT_YEARS: Final = 3
"""How long the bare fact of a consent stays after its person was erased (PIPL articles 55, 56)."""


class Kind(NamedTuple):
    """One thing to agree to: its name in tables and all its wordings, the newest last."""

    name: str
    wordings: tuple[str, ...]

    @property
    def version(self) -> int:
        """Number of the newest wording, from 1."""
        return len(self.wordings)

    @property
    def wording(self) -> str:
        """The newest wording, in Chinese: what counts."""
        return self.wordings[-1]


KINDS: Final = {
    each.name: each
    for each in (
        Kind(SHOW_NAME, ("在我捐过的项目的公开页面上，显示我捐赠时自己写的名字。",)),
        Kind(PROGRESS, ("我捐的钱用到了哪里、项目有了什么进展，请写信告诉我。",)),
        Kind(APPEAL, ("有新的项目需要帮助时，请写信告诉我。",)),
    )
}


class UnknownConsentError(ValueError):
    """There is no such thing to agree to. The text is the name that was asked for."""


def kind_of(name: str) -> Kind:
    """The kind called `name`. Raises UnknownConsentError."""
    try:
        return KINDS[name]
    except KeyError as error:
        raise UnknownConsentError(name) from error

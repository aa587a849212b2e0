"""Follow a charity and leave it again; an erased person follows nobody."""

from collections.abc import Iterator
from uuid import UUID

from jusha.giving.donor_copy import MORE, Person, Row
from jusha.giving.erase_donor import BESIDES
from jusha.people.erasure_list import Line
from jusha.stories.models import Follow, OfficialAccount


def follow(account: UUID, charity: str) -> bool:
    """Follow a charity that has an official account; False if it has none. Safe to repeat.

    Writes: jusha_follow.
    """
    if not OfficialAccount.objects.filter(charity=charity).exists():
        return False
    Follow.objects.get_or_create(account=account, charity=charity)
    return True


def unfollow(account: UUID, charity: str) -> None:
    """Follow a charity no longer; no trace stays. Safe to repeat. Writes: jusha_follow."""
    Follow.objects.filter(account=account, charity=charity).delete()


def forget_line(line: Line) -> None:
    """Let an erased account's follows go, with the rest of it. Writes: jusha_follow."""
    Follow.objects.filter(account__in=line.accounts).delete()


def copy_rows(person: Person) -> Iterator[Row]:
    """Whom an account follows, for the copy of its data. Reads: jusha_follow."""
    if person.account is not None:
        for each in Follow.objects.filter(account=person.account.pk).order_by("id"):
            yield {"charity": each.charity, "at": each.at.isoformat()}


BESIDES.append(forget_line)
MORE.append(("follows", copy_rows))

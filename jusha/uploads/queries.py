"""Reading about files that were handed in. A name is its owner's: it is asked for by owner."""

from collections.abc import Callable, Iterable
from uuid import UUID

from jusha.uploads.models import Upload, UploadShown


def find(sha256: str, *, charity: str) -> Upload | None:
    """The file of a hash as a charity first handed it in; None if it never did.

    Reads: jusha_upload.
    """
    return Upload.objects.filter(sha256=sha256, charity=charity).order_by("id").first()


def copies(sha256: str) -> list[Upload]:
    """Every handing-in of one content, oldest first. Reads: jusha_upload."""
    return list(Upload.objects.filter(sha256=sha256).order_by("id"))


def named(
    hashes: Iterable[str], *, charity: str | None = None, by: UUID | None = None
) -> dict[str, Upload]:
    """Files by hash, in one question: those of a charity, of a person, or of the two together.

    Without either there is none: what others called the same content is not for every page.
    Reads: jusha_upload.
    """
    if charity is None and by is None:
        return {}
    found = Upload.objects.filter(sha256__in=set(hashes))
    if charity is not None:
        found = found.filter(charity=charity)
    if by is not None:
        found = found.filter(by=by)
    return {each.sha256: each for each in found.order_by("-id")}


def shown(sha256: str, *, is_down: Callable[[str], bool] = lambda _code: False) -> Upload | None:
    """The file as a charity that shows it handed it in; None while nothing published refers to it.

    What belongs to the pages of a project that `is_down` does not count.
    Reads: jusha_uploadshown, jusha_upload.
    """
    newest = UploadShown.objects.filter(sha256=sha256).order_by("charity", "where", "-id")
    for each in newest.distinct("charity", "where"):
        if each.shown and not (each.project and is_down(each.project)):
            return find(sha256, charity=each.charity)
    return None

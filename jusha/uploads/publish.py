"""Show a kept file to everybody, because something published refers to it; or no longer."""

import structlog

from jusha.uploads.models import Upload, UploadShown

log = structlog.get_logger("uploads")


class UnknownUploadError(Exception):
    """This charity never handed in a file with this hash."""


def publish_upload(sha256: str, where: str, *, charity: str, project: str = "") -> None:
    """Let everybody see a charity's own file, because `where` refers to it (`report 12`).

    With `project` it is a part of that project's pages, and goes with them if it is taken down.

    A hash is no secret: whoever names one has not shown that the file is theirs, so it is shown
    only by the charity that handed it in. Safe to repeat.
    Call it in the transaction that publishes what refers to it. Raises UnknownUploadError.
    Writes: jusha_uploadshown.
    """
    _note(sha256, where, charity, project, shown=True)


def withdraw_upload(sha256: str, where: str, *, charity: str) -> None:
    """Say that `where` refers to a file no longer; it stays public if something else does.

    Copies that browsers keep live on. Raises UnknownUploadError. Writes: jusha_uploadshown.
    """
    _note(sha256, where, charity, "", shown=False)


def _note(sha256: str, where: str, charity: str, project: str, *, shown: bool) -> None:
    if not charity or not Upload.objects.filter(sha256=sha256, charity=charity).exists():
        raise UnknownUploadError(sha256)
    said = UploadShown.objects.filter(sha256=sha256, where=where, charity=charity)
    newest = said.order_by("-id").first()
    if (newest.shown if newest else False) != shown:
        UploadShown.objects.create(
            sha256=sha256, where=where, charity=charity, project=project, shown=shown
        )
        log.info("upload_shown", sha256=sha256, where=where, shown=shown)

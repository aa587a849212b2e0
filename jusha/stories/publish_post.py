"""Publish a post of an official account, and correct it by a further version that says why."""

from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from jusha.charities.models import Charity
from jusha.stories.models import OfficialAccount, Post
from jusha.stories.rules import PostRefusedError, judge_post
from jusha.uploads.publish import UnknownUploadError, publish_upload

log = structlog.get_logger("stories")


def publish_post(
    charity: str,
    *,
    title: str,
    words: str,
    words_en: str = "",
    files: tuple[str, ...] = (),
    correction: str = "",
    number: int = 0,
    by: UUID,
) -> Post:
    """Publish a post, or with `number` a further version of one; its pictures are public now.

    Raises PostRefusedError; "unknown" where `by` is no programme member of the charity, the post
    is not there, or a file was never handed in. Writes: jusha_post, jusha_uploadshown.
    """
    if not OfficialAccount.objects.filter(charity=charity).exists():
        raise PostRefusedError("no-account")
    try:
        with transaction.atomic():
            # Two posts of one charity at once take one number each.
            Charity.objects.select_for_update().get(code=charity)
            number, version = _place(charity, number)
            judge_post(
                title=title, words=words, correction=correction, files=len(files), version=version
            )
            made = Post.objects.create(
                charity=charity, number=number, version=version, title=title.strip(),
                words=words.strip(), words_en=words_en.strip(), files=list(files),
                correction=correction.strip() if version > 1 else "", by=by,
            )  # fmt: skip
            for sha256 in files:
                publish_upload(sha256, f"post {made.pk}", charity=charity)
    except (IntegrityError, UnknownUploadError) as error:
        raise PostRefusedError("unknown") from error
    log.info("post_published", charity=charity, post=number, version=version)
    return made


def _place(charity: str, number: int) -> tuple[int, int]:
    """The number and version of what is published next. Raises PostRefusedError."""
    if number == 0:
        last = Post.objects.filter(charity=charity).order_by("-number").first()
        return (last.number + 1 if last else 1), 1
    before = Post.objects.filter(charity=charity, number=number).order_by("-version").first()
    if before is None:
        raise PostRefusedError("unknown")
    return number, before.version + 1

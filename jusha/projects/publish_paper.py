"""Publish what was due, and correct it: programme writes, finance confirms; posts need no second.

A correction is a further version with its reason; what was published before stays to be read.
"""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils.timezone import now

from jusha.notices.models import Broadcast
from jusha.people.decisions import DecisionRefusedError, confirm, propose
from jusha.people.models import Decision
from jusha.projects.disclosure_models import Disclosure, DisclosureDraft, DisclosurePaper
from jusha.projects.models import Project
from jusha.uploads.publish import UnknownUploadError, publish_upload

KIND: Final = "disclosure"
"""The kind of decision that a report takes."""
TITLE_MAX: Final = 80
WORDS_MAX: Final = 20_000
CORRECTION_MAX: Final = 400
FILES_MAX: Final = 12
FINAL_WORDS: Final = "{title}：项目结束后的情况已经全面公开，请在项目页的“公示”里看。"
REFUSALS: Final = (
    "unknown", "no-title", "no-words", "no-correction", "too-many-files", "no-figures", "stale",
)  # fmt: skip

log = structlog.get_logger("disclosures")


class PaperRefusedError(Exception):
    """Nothing was published; `code` is one of REFUSALS."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote: words in Chinese, English if they like, files by SHA-256."""

    title: str
    words: str
    words_en: str = ""
    files: tuple[str, ...] = ()
    correction: str = ""
    figures: dict[str, Any] | None = field(default=None)


def propose_paper(key: str, written: Written, *, by: UUID) -> Decision:
    """Put a report, or a correction of one, before finance.

    Raises PaperRefusedError, and DecisionRefusedError where `by` is no programme member of the
    charity. Writes: jusha_decision.
    """
    due = Disclosure.objects.filter(key=key).order_by("-id").first()
    if due is None:
        raise PaperRefusedError("unknown")
    version = _version(key)
    _judge(written, version=version)
    if written.figures is None and due.project and due.kind != "partner":
        raise PaperRefusedError("no-figures")
    body = _body(written) | {
        "key": key,
        "version": version,
        "charity": due.charity,
        "project": due.project,
        "kind": due.kind,
        "by": str(by),
    }
    return propose(KIND, charity=due.charity, subject=key, body=body, by=by, evidence=written.files)


def confirm_paper(number: int, *, by: UUID) -> Decision:
    """Publish what a colleague proposed; its files are public from now on.

    Raises DecisionRefusedError, "stale" if another version came out meanwhile.
    Donors who agreed to hear of progress are told of a final report.
    Writes: jusha_decisionend, jusha_disclosurepaper, jusha_uploadshown, jusha_broadcast.
    """

    def publish(decided: Decision) -> None:
        _tell_donors(_publish(decided), by=decided.proposed_by, second=by)

    return confirm(number, kind=KIND, by=by, apply=publish)


def publish_post(project: str, written: Written, *, by: UUID) -> DisclosurePaper:
    """Publish a post about a project at once: words and pictures, no figures, one person.

    Raises PaperRefusedError; "unknown" too where `by` is no programme member of its charity.
    Writes: jusha_disclosurepaper, jusha_uploadshown.
    """
    found = Project.objects.select_related("charity").filter(code=project).first()
    if found is None:
        raise PaperRefusedError("unknown")
    _judge(written, version=1)
    try:
        with transaction.atomic():
            # Two posts of one project at once take one number each.
            Project.objects.select_for_update().get(pk=found.pk)
            posts = DisclosurePaper.objects.filter(project=project, kind="post", version=1)
            made = DisclosurePaper.objects.create(
                key=f"p/{project}/post/{posts.count() + 1}", version=1, kind="post",
                charity=found.charity.code, project=project, by=by, **_body(written),
            )  # fmt: skip
            _show_files(made)
    except IntegrityError as error:
        raise PaperRefusedError("unknown") from error
    log.info("post_published", project=project, paper=made.pk)
    return made


def correct_post(key: str, written: Written, *, by: UUID) -> DisclosurePaper:
    """Publish a further version of a post, which says what was wrong. Raises PaperRefusedError.

    Writes: jusha_disclosurepaper, jusha_uploadshown.
    """
    first = DisclosurePaper.objects.filter(key=key, kind="post", version=1).first()
    if first is None:
        raise PaperRefusedError("unknown")
    version = _version(key)
    _judge(written, version=version)
    try:
        with transaction.atomic():
            made = DisclosurePaper.objects.create(
                key=key, version=version, kind="post", charity=first.charity,
                project=first.project, by=by, **_body(written),
            )  # fmt: skip
            _show_files(made)
    except IntegrityError as error:
        raise PaperRefusedError("stale") from error
    return made


def keep_draft(key: str, written: Written, *, by: UUID | None) -> None:
    """Keep what is not ready; `by` None is the job, which never writes over a person's words.

    Writes: jusha_disclosuredraft.
    """
    if by is None and DisclosureDraft.objects.filter(key=key, by__isnull=False).exists():
        return
    told = _body(written) | {"by": by}
    del told["correction"]
    DisclosureDraft.objects.update_or_create(key=key, defaults=told)


def _tell_donors(made: DisclosurePaper, *, by: UUID, second: UUID) -> None:
    """Let those who gave and want to hear of it know that a project's final report is out."""
    if made.kind == "final" and made.version == 1:
        Broadcast.objects.create(
            charity=made.charity, project=made.project, text=FINAL_WORDS.format(title=made.title),
            by=str(by), second=str(second), confirmed_at=now(),
        )  # fmt: skip


def _publish(decided: Decision) -> DisclosurePaper:
    try:
        with transaction.atomic():
            made = DisclosurePaper.objects.create(**decided.body, decision=decided.pk)
    except IntegrityError as error:
        raise DecisionRefusedError("stale") from error
    _show_files(made)
    DisclosureDraft.objects.filter(key=made.key).delete()
    log.info("disclosure_published", key=made.key, version=made.version)
    return made


def _show_files(made: DisclosurePaper) -> None:
    try:
        for sha256 in made.files:
            publish_upload(
                sha256, f"disclosure {made.pk}", charity=made.charity, project=made.project
            )
    except UnknownUploadError as error:
        raise PaperRefusedError("unknown") from error


def _version(key: str) -> int:
    newest = DisclosurePaper.objects.filter(key=key).order_by("-version").first()
    return newest.version + 1 if newest else 1


def _judge(written: Written, *, version: int) -> None:
    """Raises PaperRefusedError for what cannot be published."""
    for code, wrong in (
        ("no-title", not 0 < len(written.title.strip()) <= TITLE_MAX),
        ("no-words", not 0 < len(written.words.strip()) <= WORDS_MAX),
        ("no-correction", version > 1 and not written.correction.strip()),
        ("too-many-files", len(written.files) > FILES_MAX),
    ):
        if wrong:
            raise PaperRefusedError(code)


def _body(written: Written) -> dict[str, Any]:
    return {
        "title": written.title.strip(),
        "words": written.words.strip(),
        "words_en": written.words_en.strip()[:WORDS_MAX],
        "files": list(written.files),
        "figures": written.figures,
        "correction": written.correction.strip()[:CORRECTION_MAX],
    }

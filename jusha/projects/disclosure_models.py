"""What has to be published and what was: rows that are never changed."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from jusha.projects.disclosure_rules import KINDS


class Disclosure(models.Model):
    """One thing to publish and its day, as planned; of a key the newest row holds.

    `key` is `p/<project>/<kind>/<place>`, or `c/<charity>/annual/<year>`; a place of the second
    filed period is `2-<place>` (disclosure_rules.key_of).
    """

    key = models.CharField(max_length=120)
    charity = models.CharField(max_length=40)
    project = models.CharField(max_length=40, blank=True)
    """"" where it is the charity's own."""
    kind = models.CharField(max_length=10)
    place = models.IntegerField()
    from_on = models.DateField()
    until_on = models.DateField()
    due_on = models.DateField(null=True)
    """The last day in time; None: other dates asked for it, these do not."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["key", "-id"], name="disclosure_key"),
            models.Index(fields=["project", "key"], name="disclosure_project"),
            models.Index(fields=["due_on"], name="disclosure_due"),
        ]

    def __str__(self) -> str:
        """Name what is due."""
        return self.key


class DisclosurePaper(models.Model):
    """What was published, version by version: a correction is a further version that says why.

    The pages' role writes one only as two persons decided, a post only by a programme member
    (projects/sql/0026_disclosure.sql). Measures on publishing, article 16 (R-ID-16).
    """

    key = models.CharField(max_length=120)
    """The key of what was due, or `p/<project>/post/<n>`."""
    version = models.IntegerField()
    charity = models.CharField(max_length=40)
    project = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=10)
    title = models.CharField(max_length=80)
    words = models.TextField()
    words_en = models.TextField(blank=True)
    files = ArrayField(models.CharField(max_length=64), default=list)
    """SHA-256 of pictures and papers that were handed in (uploads)."""
    figures = models.JSONField(null=True)
    """The finance part as statement_rules has it, in fen; None where none belongs to it."""
    correction = models.CharField(max_length=400, blank=True)
    """更正说明: what was wrong in the version before, and why."""
    by = models.UUIDField()
    """Who wrote it; the second person stands in the decision."""
    decision = models.BigIntegerField(null=True, unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "version"], name="paper_version_once"),
            models.CheckConstraint(
                condition=models.Q(version=1)
                | (models.Q(version__gt=1) & ~models.Q(correction="")),
                name="paper_correction_says_why",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=[*KINDS]), name="paper_kind_is_known"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["project", "-id"], name="paper_of_project")]

    def __str__(self) -> str:
        """Name what was published."""
        return f"{self.key} {self.version}"


class DisclosureDraft(models.Model):
    """What may be published next under a key: a person's, or drafted from the ledger by a job."""

    key = models.CharField(max_length=120, primary_key=True)
    title = models.CharField(max_length=80, blank=True)
    words = models.TextField(blank=True)
    words_en = models.TextField(blank=True)
    files = ArrayField(models.CharField(max_length=64), default=list)
    figures = models.JSONField(null=True)
    by = models.UUIDField(null=True)
    """None while nobody has touched what the job drafted."""
    at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        """Name what it is for."""
        return self.key

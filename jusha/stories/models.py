"""Official accounts, posts by version, and who follows whom."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class OfficialAccount(models.Model):
    """A charity's official account, as a reviewer checked it. Never changed; the newest row holds.

    The pages' role writes one only as two persons decided (sql/0032_accounts.sql).
    """

    charity = models.CharField(max_length=40, db_index=True)
    intro = models.CharField(max_length=300)
    uscc = models.CharField(max_length=18)
    """The credit code (统一社会信用代码) that was compared with the registration."""
    certificate = models.CharField(max_length=60)
    """Number of the certificate to raise money in public that was looked at."""
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the charity."""
        return self.charity


class Post(models.Model):
    """What a charity tells, version by version: a correction is a further version that says why.

    One programme member writes it: it decides nothing and holds no figures of the books.
    """

    charity = models.CharField(max_length=40)
    number = models.IntegerField()
    """Within the charity, from 1."""
    version = models.IntegerField()
    title = models.CharField(max_length=80)
    words = models.TextField()
    words_en = models.TextField(blank=True)
    files = ArrayField(models.CharField(max_length=64), default=list)
    """SHA-256 of pictures that were handed in (uploads)."""
    correction = models.CharField(max_length=400, blank=True)
    """更正说明: what was wrong in the version before, and why."""
    by = models.UUIDField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["charity", "number", "version"], name="post_version_once"
            ),
            models.CheckConstraint(
                condition=models.Q(version=1)
                | (models.Q(version__gt=1) & ~models.Q(correction="")),
                name="post_correction_says_why",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["version", "at"], name="post_new")]

    def __str__(self) -> str:
        """Name the charity and the post."""
        return f"{self.charity} {self.number}.{self.version}"


class Follow(models.Model):
    """That an account follows a charity now. Deleted when it does no longer."""

    account = models.UUIDField()
    charity = models.CharField(max_length=40, db_index=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "charity"], name="follows_once"),
        ]

    def __str__(self) -> str:
        """Name the charity."""
        return self.charity

"""What two persons decided about a giving day: promises, pacts, who takes part, reports; scenes.

All but the scenes are append-only, and the pages' role writes them only as a confirmed decision
says (sql/0037_days.sql).
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class PoolPromise(models.Model):
    """A sponsor's signed promise (R-CL-41): what a pool was funded by, and when it is due."""

    pool = models.CharField(max_length=40, db_index=True)
    campaign = models.CharField(max_length=40, db_index=True)
    sponsor = models.CharField(max_length=120)
    amount = models.BigIntegerField()
    how = models.CharField(max_length=8)
    """secured or trusted, as settlement knows it."""
    due_on = models.DateField()
    """By when the sponsor pays what was matched."""
    evidence = models.CharField(max_length=64)
    """SHA-256 of the signed paper."""
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, how__in=["secured", "trusted"])
                & ~models.Q(evidence=""),
                name="promise_of_something",
            ),
        ]

    def __str__(self) -> str:
        """Name the pool."""
        return self.pool


class Pact(models.Model):
    """A version of the self-discipline pact (自律公约), signed by whoever takes part."""

    version = models.IntegerField(unique=True)
    words_zh = models.TextField()
    words_en = models.TextField()
    sha256 = models.CharField(max_length=64)
    """Of both texts, as `pact.digest` joins them."""
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the version."""
        return str(self.version)


class PactSignature(models.Model):
    """That a charity's member signed a version of the pact for it."""

    charity = models.CharField(max_length=40)
    version = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    role = models.CharField(max_length=12)
    """The member's role at that moment."""
    by = models.UUIDField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["charity", "version"], name="pact_signed_once"),
        ]

    def __str__(self) -> str:
        """Name the charity and the version."""
        return f"{self.charity} {self.version}"


class Participation(models.Model):
    """That a charity takes part in a campaign with these projects, as the platform approved."""

    charity = models.CharField(max_length=40)
    campaign = models.CharField(max_length=40, db_index=True)
    projects = ArrayField(models.CharField(max_length=40))
    version = models.IntegerField()
    """Of the pact that the charity had signed."""
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the charity and the campaign."""
        return f"{self.charity} {self.campaign}"


class Exclusion(models.Model):
    """That a charity takes part in no campaign for a time, a year at most."""

    charity = models.CharField(max_length=40, db_index=True)
    begins = models.DateField()
    ends = models.DateField()
    """The day from which it may again."""
    words = models.CharField(max_length=400)
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(ends__gt=models.F("begins")), name="exclusion_ends"
            ),
        ]

    def __str__(self) -> str:
        """Name the charity."""
        return self.charity


class Scene(models.Model):
    """A place outside that leads here: a map, a document, a stream. Gifts are counted by it."""

    code = models.CharField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    kind = models.CharField(max_length=12)
    owner = models.CharField(max_length=80)
    """Whose place it is."""
    begins = models.DateField()
    ends = models.DateField(null=True)
    """The day from which it counts no longer."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(ends__isnull=True) | models.Q(ends__gt=models.F("begins")),
                name="scene_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        """Name it."""
        return self.code


class CampaignWords(models.Model):
    """A campaign's page as it was written at a time: a trigger keeps every version."""

    campaign = models.CharField(max_length=40, db_index=True)
    page = models.JSONField()
    written_by = models.UUIDField(null=True)
    """The account; none where the owner of the database wrote."""
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the campaign."""
        return self.campaign


class DayReport(models.Model):
    """The closing report of a campaign: figures as they stood at a size of the log."""

    campaign = models.CharField(max_length=40, db_index=True)
    figures = models.JSONField()
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the campaign."""
        return self.campaign

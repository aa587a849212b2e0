"""The index of what can be found, what waits to be read anew, and the order of days."""

from typing import ClassVar

from django.contrib.postgres.search import SearchVectorField
from django.db import models


class Findable(models.Model):
    """A project or a charity that may be found: its words and what it is filtered by.

    Written by the sweep alone. `takes` and `reached` are as of its last round; whether a gift is
    taken is decided elsewhere.
    """

    kind = models.SmallIntegerField()
    code = models.CharField(max_length=40)
    charity = models.CharField(max_length=40)
    theme = models.CharField(max_length=40)
    region = models.CharField(max_length=40)
    ends_on = models.DateField(null=True)
    takes = models.BooleanField(default=False)
    """Whether it took gifts: of a charity, whether its certificate was valid."""
    reached = models.BooleanField(default=False)
    head = SearchVectorField()
    """The words of its names: title, charity, place, codes."""
    words = SearchVectorField()
    """All its words, those of its names too."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "code"], name="findable_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "charity"], name="findable_charity"),
            models.Index(fields=["kind", "theme"], name="findable_theme"),
            models.Index(fields=["kind", "region"], name="findable_region"),
        ]

    def __str__(self) -> str:
        """Name it by its code."""
        return self.code


class FindDue(models.Model):
    """What was changed and must be read anew; triggers write it, the sweep deletes it."""

    kind = models.SmallIntegerField()
    code = models.CharField(max_length=40)

    def __str__(self) -> str:
        """Name it by its code."""
        return self.code


class FindVersion(models.Model):
    """When the index last changed: one row, by which readers know whether they have it all."""

    at = models.DateTimeField()

    def __str__(self) -> str:
        """Name the moment."""
        return str(self.at)


class FindPlace(models.Model):
    """Where something stands in the order of a day: the first 64 bits of its SHA-256, ordered."""

    pk = models.CompositePrimaryKey("day", "kind", "place", "found")
    day = models.DateField()
    kind = models.SmallIntegerField()
    place = models.BigIntegerField()
    found = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "found"], name="one_place_a_day")
        ]

    def __str__(self) -> str:
        """Name the day and the place."""
        return f"{self.day} {self.place}"

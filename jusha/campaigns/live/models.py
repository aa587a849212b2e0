"""What is told while a campaign runs: rankings as they were added up, names that may be shown.

Written by the board (web/board), which may be killed and shed. No money depends on any row here.
"""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class RankSum(models.Model):
    """Sums of one project, charity, team, company or province in one campaign; fen."""

    pk = models.CompositePrimaryKey("campaign", "kind", "code")
    campaign = models.IntegerField()
    kind = models.SmallIntegerField()
    """See rank_rules.Kind."""
    code = models.CharField(max_length=40)
    gifts = models.BigIntegerField()
    persons = models.BigIntegerField()
    """Distinct person keys; gifts of nobody known count nobody."""
    donated = models.BigIntegerField()
    refunded = models.BigIntegerField()

    class Meta:
        db_table = "jusha_ranksum"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    gifts__gte=0, persons__gte=0, donated__gte=0, refunded__gte=0,
                    persons__lte=models.F("gifts"), refunded__lte=models.F("donated"),
                ),
                name="ranksum_sane",
            ),
        ]  # fmt: skip


class RankSeen(models.Model):
    """That a person was counted in a sum: 64 bits of a hash of both, so a row tells nobody."""

    key = models.BigIntegerField(primary_key=True)

    class Meta:
        db_table = "jusha_rankseen"


class RankCursor(models.Model):
    """The one row: entries of the log below `number` are counted in the rankings."""

    id = models.SmallIntegerField(primary_key=True)
    number = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jusha_rankcursor"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1, number__gte=0), name="rankcursor_one"),
        ]


class WallCursor(models.Model):
    """The one row: gifts below `number` were looked at for the wall of names."""

    id = models.SmallIntegerField(primary_key=True)
    number = models.BigIntegerField()

    class Meta:
        db_table = "jusha_wallcursor"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1, number__gte=0), name="wallcursor_one"),
        ]


class WallWish(models.Model):
    """That a donor asked to have the name of an order shown on the wall; nothing else of them."""

    order_no = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jusha_wallwish"

    def __str__(self) -> str:
        """Name the order."""
        return str(self.order_no)


class WallName(models.Model):
    """A name that its donor asked to have shown with a gift. Erasing the donor deletes the row."""

    number = models.BigIntegerField(primary_key=True)
    """The gift's own, in the log."""
    campaign = models.IntegerField()
    order_no = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=20)
    key = models.CharField(max_length=80, db_collation="C")
    """The name as it is looked for: see wall_rules.folded."""
    state = models.SmallIntegerField()
    """See wall_rules.State."""
    reported = models.CharField(max_length=200, blank=True)
    """What the person who reported it said; empty if nobody did."""
    decided_by = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jusha_wallname"
        indexes: ClassVar = [
            models.Index(
                fields=["campaign", "key", "number"],
                name="wallname_found",
                condition=models.Q(state=0),
            ),
            models.Index(
                fields=["campaign", "-number"], name="wallname_newest",
                condition=models.Q(state=0),
            ),
            models.Index(
                fields=["number"], name="wallname_waiting", condition=models.Q(state__in=[1, 2])
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        """Name the gift, never the person."""
        return str(self.number)


class WallWord(models.Model):
    """A word that holds a name back until a person looked at it."""

    word = models.CharField(max_length=40, unique=True)
    set_by = models.CharField(max_length=80)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "jusha_wallword"

    def __str__(self) -> str:
        """Name the word."""
        return self.word

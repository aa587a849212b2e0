"""The tables of the rival, with the keys and indexes that one would have. Amounts are in fen."""

from django.db import models


class Pool(models.Model):
    """What a sponsor has left to match with: the row that every gift locks."""

    available_fen = models.BigIntegerField()

    class Meta:
        app_label = "usual_django"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(available_fen__gte=0), name="pool_not_below_0"
            )
        ]


class Window(models.Model):
    """What is left of a campaign's budget for one day."""

    pool = models.ForeignKey(Pool, on_delete=models.PROTECT)
    day = models.IntegerField()
    available_fen = models.BigIntegerField()
    person_day_cap_fen = models.BigIntegerField()

    class Meta:
        app_label = "usual_django"
        constraints = [
            models.UniqueConstraint(fields=["pool", "day"], name="one_window_a_day"),
            models.CheckConstraint(
                condition=models.Q(available_fen__gte=0), name="window_not_below_0"
            ),
        ]


class Project(models.Model):
    """What a project has been given, and what has been matched on top."""

    name = models.CharField(max_length=100)
    given_fen = models.BigIntegerField(default=0)
    matched_fen = models.BigIntegerField(default=0)
    gifts = models.BigIntegerField(default=0)

    class Meta:
        app_label = "usual_django"


class DonorDay(models.Model):
    """What a person has had matched on one day: the row behind the cap."""

    window = models.ForeignKey(Window, on_delete=models.PROTECT)
    person = models.BigIntegerField()
    matched_fen = models.BigIntegerField(default=0)

    class Meta:
        app_label = "usual_django"
        constraints = [
            models.UniqueConstraint(fields=["window", "person"], name="one_row_a_person_and_day")
        ]


class Donation(models.Model):
    """One gift; the key is what makes a repeated call harmless."""

    key = models.UUIDField(unique=True)
    project = models.ForeignKey(Project, on_delete=models.PROTECT)
    window = models.ForeignKey(Window, on_delete=models.PROTECT, db_index=False)
    person = models.BigIntegerField(db_index=True)
    amount_fen = models.BigIntegerField()
    matched_fen = models.BigIntegerField()
    paid_at = models.DateTimeField()

    class Meta:
        app_label = "usual_django"


class Account(models.TextChoices):
    """The four accounts of one gift: two in the charity's books, two in the pool's."""

    RECEIVABLE = "receivable"
    FUND = "fund"
    AVAILABLE = "available"
    PROMISED = "promised"


class LedgerEntry(models.Model):
    """One side of a posting; the entries of a donation sum to zero."""

    donation = models.ForeignKey(Donation, on_delete=models.PROTECT)
    account = models.CharField(max_length=10, choices=Account.choices)
    amount_fen = models.BigIntegerField()

    class Meta:
        app_label = "usual_django"

"""Room under a hard target (筹满即止), and the reservations that hold parts of it."""

from typing import ClassVar

from django.db import models


class TargetRoom(models.Model):
    """What may still be promised to a project that stops when its target is reached.

    room = target - given - held by reservations that run. One row a project whose plan says so, so
    an order takes its part by one conditional update and the database refuses what goes below 0.
    """

    project = models.CharField(max_length=40, primary_key=True)
    room = models.BigIntegerField()
    target = models.BigIntegerField()
    """The target that `room` was reckoned from, in fen."""
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(room__gte=0), name="target_room"),
        ]

    def __str__(self) -> str:
        """Name the project and what is left."""
        return f"{self.project} {self.room}"


class Reservation(models.Model):
    """A part of a project's room, held until a moment: for one order, or for a partner's gifts.

    It ends when its order is settled (the gift itself then counts), or when its time is over and
    all is settled that had come in by then; a partner may give it back before.
    """

    project = models.CharField(max_length=40)
    amount = models.BigIntegerField()
    order_no = models.BigIntegerField(unique=True, null=True)
    """The order that it is for; null: a partner's."""
    key = models.BigIntegerField(null=True)
    """The API key that holds it, for a partner's."""
    until = models.DateTimeField()
    lanes = models.JSONField(null=True)
    """For a partner's whose time is over: how far the inbox had come, by lane."""
    made_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["project", "until"],
                name="reservation_runs",
                condition=models.Q(ended_at__isnull=True),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="reservation_amount"),
            models.CheckConstraint(
                condition=models.Q(order_no__isnull=True) ^ models.Q(key__isnull=True),
                name="reservation_whose",
            ),
        ]

    def __str__(self) -> str:
        """Name the project and the amount."""
        return f"{self.project} {self.amount}"

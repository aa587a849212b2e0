"""Tiers of charities and the networks of hubs, by date; rows are never changed."""

from typing import ClassVar

from django.db import models

from jusha.charities.network_rules import HUB, TIERS


class CharityStanding(models.Model):
    """Where a charity stands from a day on; of one charity the newest row that has begun holds.

    The pages' role writes one only as two reviewers decided (sql/0042_network.sql).
    """

    charity = models.CharField(max_length=40, db_index=True)
    tier = models.CharField(max_length=10)
    hub = models.CharField(max_length=40)
    """Code of the hub whose network it belongs to; "" for none."""
    words = models.CharField(max_length=400)
    """Why, as everybody reads it."""
    begins = models.DateField()
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(tier__in=[*TIERS]), name="tier_is_known"),
            models.CheckConstraint(
                condition=~models.Q(hub=models.F("charity"))
                & (models.Q(hub="") | ~models.Q(tier=HUB)),
                name="network_one_level",
            ),
        ]

    def __str__(self) -> str:
        """Name the charity and its tier."""
        return f"{self.charity} {self.tier}"

"""The platform's reports on its own running, as versions."""

from typing import ClassVar

from django.db import models


class PlatformReport(models.Model):
    """One version of the report of a half year or a year. Never changed; the newest holds.

    Written as two persons decided. Amounts in fen.
    """

    decision = models.BigIntegerField(primary_key=True)
    period = models.CharField(max_length=7)
    """`2026-h1`, `2026-h2`, or `2026`."""
    version = models.SmallIntegerField()
    figures = models.JSONField()
    """One whole number by the name of each of platform_rules.FIGURES."""
    income = models.BigIntegerField()
    """What the platform's operator took in for running it, as the operator says."""
    cost = models.BigIntegerField()
    """What running it cost, as the operator says."""
    words = models.CharField(max_length=2000)
    correction = models.CharField(max_length=400)
    """What a later version mends, and why; empty in the first."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["period", "version"], name="platform_version_once"),
            models.CheckConstraint(
                condition=models.Q(version=1, correction="")
                | (models.Q(version__gt=1) & ~models.Q(correction="")),
                name="platform_correction_says_why",
            ),
        ]

    def __str__(self) -> str:
        """Name the period and the version."""
        return f"{self.period} {self.version}"

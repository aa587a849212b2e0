"""What charities say of their whole year, as versions: the ratios of the law are of all they do."""

from typing import ClassVar

from django.db import models


class YearFigures(models.Model):
    """One version of a charity's whole-organisation figures of a year. Never changed.

    Written as two of its finance decided. Amounts in fen.
    """

    decision = models.BigIntegerField(primary_key=True)
    charity = models.CharField(max_length=40)
    year = models.SmallIntegerField()
    version = models.SmallIntegerField()
    as_of = models.DateField()
    """The day up to which the year's spending is told: within the year."""
    income = models.BigIntegerField()
    """All income of the year before."""
    mean_income = models.BigIntegerField()
    """The mean of the three years before; 0 where it is not used."""
    spent = models.BigIntegerField()
    """All spending for charitable work in the year, up to that day."""
    admin = models.BigIntegerField()
    """All administration in the year, up to that day."""
    reason = models.CharField(max_length=1000)
    """Why a ratio is not met, and to whom that was reported; "" where all are."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["charity", "year", "version"], name="year_version_once"
            ),
        ]

    def __str__(self) -> str:
        """Name the charity and the year."""
        return f"{self.charity} {self.year}"

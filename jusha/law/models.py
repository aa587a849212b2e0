"""Figures of the law as they were recorded, one row a figure and first day."""

from typing import ClassVar

from django.db import models

from jusha.law.rules import SURE, UNITS


class LawRule(models.Model):
    """One figure from one day on. Never changed: a later row of the same first day corrects it.

    The migration wrote the first rows from rules.toml; the pages' role writes a further one only
    as two persons decided (law/sql/0024_law.sql).
    """

    rule = models.CharField(max_length=48)
    """What it decides, in kebab case: `file-before-start-days`."""
    article = models.CharField(max_length=24)
    """The requirement it comes from: R-PF-11; or "" for a rule of the house."""
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=200)
    value = models.BigIntegerField()
    unit = models.CharField(max_length=16)
    begins = models.DateField()
    """The first day on which it holds, in Shanghai."""
    ends = models.DateField(null=True)
    """The first day on which it holds no more, if no other figure takes its place."""
    source = models.CharField(max_length=300)
    """Which text says so, and where."""
    sure = models.CharField(max_length=1)
    """How sure the house is of it: one of rules.SURE."""
    decision = models.BigIntegerField(null=True, unique=True)
    set_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["rule", "begins", "id"], name="law_rule_begins")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(value__gte=0), name="law_is_no_debt"),
            models.CheckConstraint(condition=models.Q(unit__in=[*UNITS]), name="law_unit_is_known"),
            models.CheckConstraint(condition=models.Q(sure__in=[*SURE]), name="law_sure_is_known"),
            models.CheckConstraint(
                condition=models.Q(ends__isnull=True) | models.Q(ends__gt=models.F("begins")),
                name="law_ends_later",
            ),
        ]

    def __str__(self) -> str:
        """Name the rule and its first day."""
        return f"{self.rule} {self.begins}"

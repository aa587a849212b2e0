"""Plans and filings of projects: what two persons decided, kept for good.

A filing is what the civil affairs department has on record (公开募捐方案备案); without one a
project takes no orders.
"""

from typing import ClassVar

from django.db import models


class Filing(models.Model):
    """A plan's filing as two persons saw it (Charity Law 24 and 73; R-CL-24, R-PF-N).

    Never changed: a later number, a new period or a correction is a further row, and of those
    that have begun the newest holds. The pages' role writes one only as a decision says.
    """

    charity = models.CharField(max_length=40)
    project = models.CharField(max_length=40)
    number = models.CharField(max_length=40, blank=True)
    """"" while the number of an emergency is not there yet."""
    filed_on = models.DateField(null=True)
    """The day of filing; None while an emergency's plan is not filed yet."""
    starts_on = models.DateField()
    ends_on = models.DateField()
    """The last day of raising money, which belongs to it."""
    emergency = models.BooleanField(default=False)
    """For a major emergency: raising may begin before the filing (Charity Law 73)."""
    plan = models.IntegerField(default=0)
    """Version of the plan that was filed; 0 where none is kept here."""
    evidence = models.CharField(max_length=64, blank=True)
    """SHA-256 of the file that both persons looked at, in hexadecimal."""
    set_by = models.CharField(max_length=80)
    second = models.CharField(max_length=80)
    decision = models.BigIntegerField(null=True, unique=True)
    set_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["project", "-id"], name="filing_project"),
            models.Index(fields=["number"], name="filing_number"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(set_by=models.F("second")), name="filing_takes_two"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="filing_ends_later"
            ),
            models.CheckConstraint(
                condition=models.Q(emergency=True)
                | (~models.Q(number="") & models.Q(filed_on__lt=models.F("starts_on"))),
                name="filing_comes_first",
            ),
        ]

    def __str__(self) -> str:
        """Name the project and the number."""
        return f"{self.project} {self.number}"


class ProjectPlan(models.Model):
    """One version of a project's plan, as two persons published it; rows are never changed."""

    charity = models.CharField(max_length=40)
    project = models.CharField(max_length=40)
    version = models.IntegerField()
    content = models.JSONField()
    """plan_rules.Plan.document(), with `parent` and, from the second version on, `change`."""
    decision = models.BigIntegerField(null=True, unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "version"], name="one_plan_a_version"),
        ]

    def __str__(self) -> str:
        """Name the project and the version."""
        return f"{self.project} v{self.version}"


class ProjectDraft(models.Model):
    """A plan that is being written: what was typed, whether it is right yet or not.

    `edition` counts the times it was saved: whoever saves says which one they had before them, so
    that nobody writes over what a colleague wrote meanwhile.
    """

    charity = models.CharField(max_length=40, db_index=True)
    project = models.CharField(max_length=40, unique=True)
    """The code of its project: of its own page later, or of the project that it changes."""
    version = models.IntegerField(default=1)
    """The version of the plan that it will be."""
    fields = models.JSONField(default=dict)
    edition = models.IntegerField(default=1)
    evidence = models.CharField(max_length=64, blank=True)
    begun_by = models.UUIDField()
    begun_at = models.DateTimeField(auto_now_add=True)
    saved_by = models.UUIDField()
    saved_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        """Name the project and the version."""
        return f"{self.project} v{self.version}"


class ProjectEnd(models.Model):
    """A project's end and where what is left goes, as two persons decided (Charity Law 58)."""

    charity = models.CharField(max_length=40)
    project = models.CharField(max_length=40, unique=True)
    leftover = models.CharField(max_length=20)
    """Where it goes: one of plan_rules.LEFTOVERS."""
    words = models.CharField(max_length=400)
    """Why, for the public."""
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the project."""
        return self.project

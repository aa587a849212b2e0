"""Projects as people edit them; funds and money lines as settlement keeps them."""

from typing import ClassVar

from django.db import models


class Project(models.Model):
    """What a charity raises money for, as its pages tell it."""

    code = models.CharField(max_length=40, unique=True)
    charity = models.ForeignKey("jusha.Charity", on_delete=models.PROTECT, related_name="+")
    title_zh = models.CharField(max_length=80)
    title_en = models.CharField(max_length=120)
    summary_zh = models.TextField()
    summary_en = models.TextField()
    story_zh = models.TextField()
    story_en = models.TextField()
    place_zh = models.CharField(max_length=80)
    place_en = models.CharField(max_length=120)
    unit_amount = models.BigIntegerField()
    unit_zh = models.CharField(max_length=40)
    unit_en = models.CharField(max_length=60)
    target_amount = models.BigIntegerField()
    running_permille = models.SmallIntegerField()
    filing_no = models.CharField(max_length=40)
    starts_on = models.DateField()
    ends_on = models.DateField()
    parent = models.CharField(max_length=40, blank=True, default="", db_index=True)
    """The project whose plan and filing it is a part of (子母计划); "" for most. One level."""
    theme = models.CharField(max_length=20, blank=True, default="", db_default="")
    """Its field of work, one of plan_rules.THEMES; "" where its plan names none."""
    hard_target = models.BooleanField(default=False, db_default=False)
    """Whether it stops when its target is reached (see target_models.TargetRoom)."""

    def __str__(self) -> str:
        """Name the project."""
        return self.title_zh


class Fund(models.Model):
    """What settlement knows of a project: its payee, its cut, the heads of its two lines."""

    project = models.IntegerField(primary_key=True)
    code = models.TextField()
    payee = models.IntegerField()
    running_permille = models.SmallIntegerField()
    state = models.TextField()
    number = models.BigIntegerField()
    programme_head = models.BigIntegerField()
    running_head = models.BigIntegerField()
    frozen = models.SmallIntegerField()
    programme_spent = models.BigIntegerField()
    running_spent = models.BigIntegerField()

    class Meta:
        db_table = "projects_fund"
        managed = False


class Void(models.Model):
    """An interval of a line that a refund took out; spending skips it (decision 5)."""

    pk = models.CompositePrimaryKey("project", "line", "start")
    project = models.IntegerField()
    line = models.SmallIntegerField()
    start = models.BigIntegerField()
    length = models.BigIntegerField()
    number = models.BigIntegerField()

    class Meta:
        db_table = "projects_void"
        managed = False


class Expense(models.Model):
    """What `amount` fen of a line were spent on: all of [start, upto) that was not void."""

    number = models.BigIntegerField(primary_key=True)
    project = models.IntegerField()
    line = models.SmallIntegerField()
    start = models.BigIntegerField()
    upto = models.BigIntegerField()
    amount = models.BigIntegerField()
    skipped = models.BigIntegerField()
    ref = models.TextField()
    what = models.TextField()
    words = models.BinaryField()
    evidence = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        db_table = "projects_expense"
        managed = False


class ExpenseNote(models.Model):
    """What was said later about an expense that was described wrongly; never changed."""

    number = models.BigIntegerField(db_index=True)
    """The expense's entry."""
    words = models.CharField(max_length=400)
    by = models.UUIDField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the entry."""
        return f"{self.number}"


class ExpensePaper(models.Model):
    """A paper of an expense that its charity lets everybody see, or no longer; newest row holds."""

    number = models.BigIntegerField()
    """The expense's entry."""
    charity = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    original = models.BooleanField()
    """The very file that the entry's `ev` was made of; else a copy with what is private covered."""
    shown = models.BooleanField()
    by = models.UUIDField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["number", "sha256", "-id"], name="paper_of_expense"),
        ]

    def __str__(self) -> str:
        """Name the entry and the file."""
        return f"{self.number} {self.sha256[:12]}"


class ProjectHold(models.Model):
    """A project is held, or let go again; the newest row of a project says which. Never changed.

    One reviewer may hold, because speed protects donors; letting go takes two. The database
    checks both (projects/sql/0028_hold.sql).
    """

    project = models.CharField(max_length=40)
    charity = models.CharField(max_length=40)
    what = models.CharField(max_length=5)
    """`place` or `lift`."""
    cause = models.CharField(max_length=10)
    """`suspended` or `taken-down`; of a lift: what is lifted."""
    reason = models.CharField(max_length=24)
    """One of hold_rules.REASONS; of a lift `lifted`."""
    words = models.CharField(max_length=400)
    """For the public; never a person's data."""
    complaint = models.BigIntegerField(default=0)
    """The complaint's number; 0: without one."""
    lifts = models.BigIntegerField(null=True, unique=True)
    """The row that a lift ends."""
    by = models.UUIDField()
    decision = models.BigIntegerField(null=True, unique=True)
    """Of a lift: the decision of two."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(cause__in=["suspended", "taken-down"])
                & (
                    models.Q(what="place", lifts=None, decision=None)
                    | models.Q(what="lift", lifts__isnull=False, reason="lifted")
                ),
                name="hold_is_placed_or_lifted",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["project", "-id"], name="hold_of_project")]

    def __str__(self) -> str:
        """Name the project and what was done."""
        return f"{self.project} {self.what} {self.cause}"

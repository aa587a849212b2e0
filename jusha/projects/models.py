"""Projects as people edit them; funds and money lines as settlement keeps them."""

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
    frozen = models.BooleanField()

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

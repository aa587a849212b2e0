"""Tables of the inbox. Written by append, read by settlement; rows never change."""

from django.db import models


class Lane(models.Model):
    """An ordered sequence of rows; its row lock makes commit order equal to n."""

    lane = models.SmallIntegerField(primary_key=True)
    name = models.TextField(unique=True)
    last_n = models.BigIntegerField()
    last_received_at = models.DateTimeField()

    class Meta:
        db_table = "inbox_lane"
        managed = False


class Row(models.Model):
    """One group commit: `count` envelopes that became durable together."""

    pk = models.CompositePrimaryKey("lane", "n")
    lane = models.SmallIntegerField()
    n = models.BigIntegerField()
    count = models.IntegerField()
    received_at = models.DateTimeField()
    payload = models.BinaryField()

    class Meta:
        db_table = "inbox_row"
        managed = False


class Raw(models.Model):
    """The sealed raw messages of a row, kept 90 days, dropped by partition."""

    pk = models.CompositePrimaryKey("day", "lane", "n")
    day = models.DateField()
    lane = models.SmallIntegerField()
    n = models.BigIntegerField()
    sealed = models.BinaryField()

    class Meta:
        db_table = "inbox_raw"
        managed = False

"""Log entries, and the tables that seals name by hash. Written by settlement alone."""

from django.db import models


class Entries(models.Model):
    """The entries of one settlement batch: `count` of them from `first`, length-prefixed."""

    first = models.BigIntegerField(primary_key=True)
    count = models.IntegerField()
    entries = models.BinaryField()
    chain = models.BinaryField()

    class Meta:
        db_table = "tlog_entries"
        managed = False


class Table(models.Model):
    """A table whose hash stands in a seal."""

    hash = models.BinaryField(primary_key=True)
    number = models.BigIntegerField()
    body = models.BinaryField()

    class Meta:
        db_table = "tlog_table"
        managed = False


class Rechecks(models.Model):
    """What visitors' browsers reported on one Shanghai day: receipts checked, and missing."""

    day = models.DateField(primary_key=True)
    reports = models.BigIntegerField()
    checked = models.BigIntegerField()
    missing = models.BigIntegerField()

    class Meta:
        db_table = "tlog_rechecks"
        managed = False

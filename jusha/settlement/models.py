"""The fence, batches, outcomes and stuck envelopes. Written by settlement alone."""

from django.db import models


class Writer(models.Model):
    """Which process may settle the shard: the one that holds the newest epoch."""

    shard = models.SmallIntegerField(primary_key=True)
    epoch = models.BigIntegerField()
    holder = models.TextField()
    since = models.DateTimeField()

    class Meta:
        db_table = "settlement_writer"
        managed = False


class Batch(models.Model):
    """Which inbox rows made a batch, and which entries came of it: the public order."""

    id = models.BigIntegerField(primary_key=True)
    epoch = models.BigIntegerField()
    positions = models.JSONField()
    first = models.BigIntegerField()
    next = models.BigIntegerField()
    digest = models.BinaryField()
    settled_at = models.DateTimeField()

    class Meta:
        db_table = "settlement_batch"
        managed = False


class Outcome(models.Model):
    """What became of an order or instruction."""

    id = models.UUIDField(primary_key=True)
    number = models.BigIntegerField()
    code = models.TextField()
    detail = models.JSONField()

    class Meta:
        db_table = "settlement_outcome"
        managed = False


class Stuck(models.Model):
    """An envelope that the database refused: parked, alarmed, and settled by nobody."""

    pk = models.CompositePrimaryKey("lane", "n", "place")
    lane = models.SmallIntegerField()
    n = models.BigIntegerField()
    place = models.IntegerField()
    error = models.TextField()
    at = models.DateTimeField()

    class Meta:
        db_table = "settlement_stuck"
        managed = False

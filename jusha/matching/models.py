"""Pools, rule versions and matches. Written by settlement alone."""

from django.db import models


class Pool(models.Model):
    """A sponsor's money for one campaign."""

    id = models.IntegerField(primary_key=True)
    code = models.TextField()
    campaign = models.IntegerField()
    sponsor = models.TextField()
    number = models.BigIntegerField()

    class Meta:
        db_table = "matching_pool"
        managed = False


class Rule(models.Model):
    """One version of a rule, in force from a whole minute until the next version."""

    id = models.IntegerField(primary_key=True)
    code = models.TextField()
    version = models.IntegerField()
    pool = models.IntegerField()
    campaign = models.IntegerField()
    from_at = models.DateTimeField()
    number = models.BigIntegerField()
    terms = models.JSONField()

    class Meta:
        db_table = "matching_rule"
        managed = False


class Window(models.Model):
    """What a pool gave on one day, and what it may give."""

    pk = models.CompositePrimaryKey("pool", "day")
    pool = models.IntegerField()
    day = models.IntegerField()
    used = models.BigIntegerField()
    budget = models.BigIntegerField()

    class Meta:
        db_table = "matching_window"
        managed = False


class Usage(models.Model):
    """What a person got matched in a campaign on a day."""

    pk = models.CompositePrimaryKey("campaign", "day", "person")
    campaign = models.IntegerField()
    day = models.IntegerField()
    person = models.UUIDField()
    matched = models.BigIntegerField()

    class Meta:
        db_table = "matching_usage"
        managed = False


class Match(models.Model):
    """A match that was promised; id = entry number x 16 + place."""

    id = models.BigIntegerField(primary_key=True)
    pool = models.IntegerField()
    rule = models.IntegerField()
    amount = models.BigIntegerField()
    bound = models.SmallIntegerField()

    class Meta:
        db_table = "matching_match"
        managed = False

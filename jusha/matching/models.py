"""Pools, rule versions, matches and claims. Written by settlement alone."""

from django.db import models


class Pool(models.Model):
    """A sponsor's money for one campaign; `notice_until` in Unix seconds, 0 before its notice."""

    id = models.IntegerField(primary_key=True)
    code = models.TextField()
    campaign = models.IntegerField()
    sponsor = models.TextField()
    number = models.BigIntegerField()
    on_return = models.TextField()
    notice_days = models.IntegerField()
    notice_until = models.BigIntegerField()
    closed = models.BooleanField()

    class Meta:
        db_table = "matching_pool"
        managed = False


class Rule(models.Model):
    """One version of a rule, in force from a whole minute until the next version.

    `family` is the id of the first version of its code.
    """

    id = models.IntegerField(primary_key=True)
    code = models.TextField()
    version = models.IntegerField()
    pool = models.IntegerField()
    campaign = models.IntegerField()
    from_at = models.DateTimeField()
    number = models.BigIntegerField()
    terms = models.JSONField()
    family = models.IntegerField()

    class Meta:
        db_table = "matching_rule"
        managed = False


class Window(models.Model):
    """What a pool gave on one day, and what it may give.

    `day` also names a slice by its Unix minute, and the closings (settlement.world).
    """

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


class Claim(models.Model):
    """What a gift waits to share; id = entry number x 16 + place."""

    pk = models.CompositePrimaryKey("rule", "slice", "id")
    rule = models.IntegerField()
    slice = models.BigIntegerField()
    id = models.BigIntegerField()
    project = models.IntegerField()
    amount = models.BigIntegerField()

    class Meta:
        db_table = "matching_claim"
        managed = False


class Closing(models.Model):
    """How far the claims of a rule version and slice are paid (see settlement.world)."""

    pk = models.CompositePrimaryKey("rule", "slice")
    rule = models.IntegerField()
    slice = models.BigIntegerField()
    total = models.BigIntegerField()
    budget = models.BigIntegerField()
    count = models.BigIntegerField()
    remainder = models.BigIntegerField()
    cut = models.BigIntegerField()
    cursor = models.BigIntegerField()
    paid = models.BigIntegerField()
    done = models.BooleanField()

    class Meta:
        db_table = "matching_closing"
        managed = False


class Coupon(models.Model):
    """Which gift used a coupon of a rule family."""

    pk = models.CompositePrimaryKey("rule", "serial")
    rule = models.IntegerField()
    serial = models.BigIntegerField()
    number = models.BigIntegerField()

    class Meta:
        db_table = "matching_coupon"
        managed = False


class Invite(models.Model):
    """Which person came by a gift's invitation, and with which gift first."""

    pk = models.CompositePrimaryKey("gift", "person")
    gift = models.BigIntegerField()
    person = models.UUIDField()
    number = models.BigIntegerField()

    class Meta:
        db_table = "matching_invite"
        managed = False


class Seed(models.Model):
    """A seed of a rule family and Shanghai day; `revealed` is its reveal's number, 0 before."""

    pk = models.CompositePrimaryKey("rule", "day")
    rule = models.IntegerField()
    day = models.IntegerField()
    hash = models.BinaryField()
    number = models.BigIntegerField()
    revealed = models.BigIntegerField()

    class Meta:
        db_table = "matching_seed"
        managed = False


class ClawBack(models.Model):
    """All that was left of a gift's matches, taken back."""

    number = models.BigIntegerField(primary_key=True)
    deed = models.BigIntegerField()
    amount = models.BigIntegerField()
    reason = models.TextField()

    class Meta:
        db_table = "matching_clawback"
        managed = False


class Review(models.Model):
    """A gift's match held while a person looks into it, or let go; the last row of a gift counts.

    A claw-back of a held gift ends its hold: then `number` is the claw-back's.
    """

    number = models.BigIntegerField(primary_key=True)
    deed = models.BigIntegerField()
    project = models.IntegerField()
    held = models.BooleanField()
    reason = models.TextField()

    class Meta:
        db_table = "matching_review"
        managed = False


class Release(models.Model):
    """What a closed pool promised to a project, released into its money line."""

    number = models.BigIntegerField(primary_key=True)
    pool = models.IntegerField()
    project = models.IntegerField()
    amount = models.BigIntegerField()
    programme_at = models.BigIntegerField()
    running_at = models.BigIntegerField()

    class Meta:
        db_table = "matching_release"
        managed = False

"""Channels, orders and their payment. Written by settlement alone, but for secrets and openings."""

from django.db import models


class Channel(models.Model):
    """Who reports deeds, and its rights (see rules.ChannelTerms)."""

    id = models.SmallIntegerField(primary_key=True)
    code = models.TextField()
    number = models.BigIntegerField()
    terms = models.JSONField()

    class Meta:
        db_table = "payments_channel"
        managed = False


class ChannelUse(models.Model):
    """What a channel reported today and this minute, and drew from pools unreconciled."""

    channel = models.SmallIntegerField(primary_key=True)
    day = models.IntegerField()
    day_sum = models.BigIntegerField()
    minute = models.BigIntegerField()
    minute_sum = models.BigIntegerField()
    drawn = models.BigIntegerField()

    class Meta:
        db_table = "payments_channel_use"
        managed = False


class Order(models.Model):
    """What a donor agreed to before paying; 0 where there is no coupon or inviting gift."""

    no = models.BigIntegerField(primary_key=True)
    project = models.IntegerField()
    campaign = models.IntegerField()
    asset = models.SmallIntegerField()
    amount = models.BigIntegerField()
    person = models.UUIDField()
    commitment = models.BinaryField()
    received_at = models.DateTimeField()
    coupon_rule = models.IntegerField()
    coupon = models.BigIntegerField()
    invite = models.BigIntegerField()

    class Meta:
        db_table = "payments_order"
        managed = False


class Paid(models.Model):
    """Which deed paid an order."""

    order_no = models.BigIntegerField(primary_key=True)
    number = models.BigIntegerField()

    class Meta:
        db_table = "payments_paid"
        managed = False


class ChannelSecret(models.Model):
    """A channel's signing secret, sealed with the installation's key."""

    code = models.CharField(max_length=40, primary_key=True)
    sealed = models.BinaryField()
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the channel."""
        return self.code

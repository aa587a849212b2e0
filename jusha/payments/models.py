"""Channels and orders, as settlement writes them; merchants, and what rails are asked."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


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


class AttributedOrder(models.Model):
    """What an order is counted for beside its project (see attribution.Attribution).

    Said once, with the order. One row for an order that came by anything, none for the others.
    """

    order_no = models.BigIntegerField(primary_key=True)
    team = models.CharField(max_length=40)
    company = models.CharField(max_length=40)
    scene = models.CharField(max_length=40)
    province = models.CharField(max_length=4)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "jusha_attribution"

    def __str__(self) -> str:
        """Name the order."""
        return str(self.order_no)


class ChannelSecret(models.Model):
    """A channel's signing secret, sealed with the installation's key."""

    code = models.CharField(max_length=40, primary_key=True)
    sealed = models.BinaryField()
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the channel."""
        return self.code


class Merchant(models.Model):
    """A charity's own account at a rail: the only place where its gifts are paid to.

    Never changed but for its token: another account is a further row, and an order is paid into
    the one that held when it was made (sql/0031_payees.sql says which). Rows are written by the
    owner of the database (`jusha merchant`), and by pages as two persons of finance decided.
    """

    rail = models.CharField(max_length=16)
    charity = models.CharField(max_length=40)
    merchant = models.CharField(max_length=64)
    """Sub-merchant in partner mode, the merchant itself in direct mode, Alipay's seller id."""
    holder = models.CharField(max_length=120, default="", db_default="")
    """The merchant's name at the rail; "" where the owner of the database wrote the row."""
    sealed_token = models.BinaryField(default=b"", db_default=b"")
    """What lets a partner act for it, sealed; empty where none is needed."""
    set_by = models.CharField(max_length=80)
    second = models.CharField(max_length=80)
    set_at = models.DateTimeField(auto_now=True)
    since = models.DateTimeField(db_default=Now())
    """From when orders are paid into it. The database sets it where two persons decided."""
    decision = models.BigIntegerField(unique=True, null=True)
    """By which decision of two it was written; null: by command of the database's owner."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["rail", "charity", "since"], name="merchant_of"),
            models.Index(fields=["rail", "merchant"], name="merchant_whose"),
        ]

    def __str__(self) -> str:
        """Name the rail and the charity."""
        return f"{self.rail} {self.charity}"


class BankAccount(models.Model):
    """A charity's own bank account, published so that gifts are transferred to it and to no other.

    Written as a merchant's row is (`jusha account`, or two persons of finance). Rows are ended,
    never deleted or overwritten: who was shown an account may still transfer to it.
    """

    charity = models.CharField(max_length=40)
    holder = models.CharField(max_length=120)
    """As the bank has it: a transfer in another name is sent back."""
    bank = models.CharField(max_length=80)
    """The bank and its branch."""
    number = models.CharField(max_length=34)
    """Without blanks; it is one charity's for ever (a trigger sees to it)."""
    set_by = models.CharField(max_length=80)
    second = models.CharField(max_length=80)
    set_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    """Since when it is offered no longer; null: until another begins."""
    since = models.DateTimeField(db_default=Now())
    """As a merchant's."""
    decision = models.BigIntegerField(unique=True, null=True)
    """As a merchant's."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["charity", "since"], name="account_of"),
            models.Index(fields=["number"], name="account_whose"),
        ]

    def __str__(self) -> str:
        """Name the charity."""
        return self.charity


class PayeeStop(models.Model):
    """That a change of where money goes was stopped before it began. Never changed."""

    decision = models.BigIntegerField(unique=True)
    by = models.UUIDField()
    words = models.CharField(max_length=400)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the decision."""
        return str(self.decision)


class Attempt(models.Model):
    """One order shown on one rail in one way: a page asks, the payments process answers."""

    order_no = models.BigIntegerField()
    rail = models.CharField(max_length=16)
    way = models.CharField(max_length=16)
    payer = models.CharField(max_length=128, default="")
    """The rail's own id of who pays, where the way needs it; forgotten with the address below."""
    client_ip = models.CharField(max_length=45, default="")
    """Only where the way needs it; forgotten as soon as the rail has answered."""
    back = models.TextField(default="")
    open_until = models.DateTimeField(null=True)
    """For an order made ahead: how long it can be paid; null: 15 minutes from the first ask."""
    ask = models.JSONField(null=True)
    """What the rail is asked, fixed before it is asked first: a repeat is the same."""
    payable = models.JSONField(null=True)
    state = models.CharField(max_length=8, default="asked")
    """asked, ready (can be paid), paid, closed, or refused."""
    told = models.CharField(max_length=200, default="")
    """The rail's code, where it refused or did not answer."""
    tries = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    """When it is looked at next; null: never again."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_no", "rail"], name="one_attempt_a_rail"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_at"],
                name="attempt_due",
                condition=models.Q(next_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Name the order and the rail."""
        return f"{self.order_no} {self.rail}"


class Sending(models.Model):
    """One booked refund on its way back through its rail; the payments process alone writes it."""

    refund = models.BigIntegerField(primary_key=True)
    """Number of the refund's entry."""
    order_no = models.BigIntegerField()
    rail = models.CharField(max_length=40)
    """The rail, or the channel of a gift that no rail takes back."""
    key = models.CharField(max_length=64)
    """By which the rail knows it: the order's number and the refund's."""
    state = models.CharField(max_length=8, default="asked")
    """asked, pending, arrived, booked (settlement knows), failed (the money stays owed), or
    residue (it went to another charity)."""
    told = models.CharField(max_length=200, default="")
    tries = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["refund"],
                name="sending_failed",
                condition=models.Q(state="failed"),
            ),
        ]

    def __str__(self) -> str:
        """Name it as the rail does."""
        return self.key


class Prepared(models.Model):
    """A gift chosen before its campaign opens; its order is made ahead, at `order_at`."""

    token = models.CharField(max_length=22, db_index=True)
    """Names a plan of one or more gifts; who has it may see and cancel it."""
    project = models.CharField(max_length=40)
    campaign = models.CharField(max_length=40)
    amount = models.BigIntegerField()
    rail = models.CharField(max_length=16)
    way = models.CharField(max_length=16)
    origin = models.CharField(max_length=200)
    """Where the donor's browser found this site, to come back to."""
    donor = models.UUIDField(null=True)
    """Whose key it is sealed under; null: the vault's own."""
    sealed = models.BinaryField()
    """The private part of the wish."""
    opens_at = models.DateTimeField()
    order_at = models.DateTimeField()
    order_no = models.BigIntegerField(null=True)
    told = models.CharField(max_length=200, default="")
    """Why no order could be made."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["order_at"],
                name="prepared_due",
                condition=models.Q(order_no__isnull=True, told=""),
            ),
        ]

    def __str__(self) -> str:
        """Name the plan and the project."""
        return f"{self.token} {self.project}"

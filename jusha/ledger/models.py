"""Tables of the ledger. Written by settlement alone."""

from django.db import models


class Account(models.Model):
    """An account of one book in one asset; its balance may not go below zero.

    `normal` is 1 where debits add to the balance (receivables) and -1 where credits do.
    """

    id = models.IntegerField(primary_key=True)
    book = models.TextField()
    asset = models.SmallIntegerField()
    kind = models.TextField()
    owner = models.TextField()
    normal = models.SmallIntegerField()
    debits = models.BigIntegerField()
    credits = models.BigIntegerField()

    class Meta:
        db_table = "ledger_account"
        managed = False


class Transfer(models.Model):
    """An amount moved between two accounts of a book; id = entry number x 16 + place."""

    id = models.BigIntegerField(primary_key=True)
    debit = models.IntegerField()
    credit = models.IntegerField()
    amount = models.BigIntegerField()

    class Meta:
        db_table = "ledger_transfer"
        managed = False

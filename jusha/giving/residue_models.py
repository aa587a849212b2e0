"""Money of an unlawful fundraising that no donor could be given, and where it went instead.

Charity Law 111 and 113: the regulator names a charity for it. What two persons decided stands
here; what was booked stands in giving_repaid.
"""

from typing import ClassVar

from django.db import models


class ResidueOrder(models.Model):
    """A regulator's document by which a charity's residue of a campaign went to another charity.

    Written as two persons decided, and never changed. Amounts in the smallest unit of `asset`.
    """

    decision = models.BigIntegerField(primary_key=True)
    campaign = models.CharField(max_length=40, db_index=True)
    charity = models.CharField(max_length=40)
    """Whose fundraising it was: it paid the money out of its bank."""
    receiver = models.CharField(max_length=40)
    """The charity that the regulator named."""
    asset = models.SmallIntegerField()
    gifts = models.IntegerField()
    amount = models.BigIntegerField()
    authority = models.CharField(max_length=80)
    document = models.CharField(max_length=60)
    """The document's own number, as the regulator wrote it."""
    document_on = models.DateField()
    reference = models.CharField(max_length=64)
    """The bank's number of the transfer to the receiver."""
    paid_on = models.DateField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, gifts__gt=0), name="residue_of_something"
            ),
        ]

    def __str__(self) -> str:
        """Name the document."""
        return self.document


class ResidueGift(models.Model):
    """What of one gift an order covers: all that was owed of it, once in the gift's life."""

    deed = models.BigIntegerField(primary_key=True)
    order = models.ForeignKey(ResidueOrder, models.PROTECT, related_name="gifts_of")
    project = models.IntegerField(db_index=True)
    amount = models.BigIntegerField()

    def __str__(self) -> str:
        """Name the gift."""
        return str(self.deed)

"""The erasable vault. Nothing here is read by settlement."""

from django.db import models


class Opening(models.Model):
    """The private record behind an order's commitment, sealed; erasing it is deleting it."""

    order_no = models.BigIntegerField(primary_key=True)
    sealed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the order."""
        return str(self.order_no)

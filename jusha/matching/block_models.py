"""Sponsors that are not taken, by date; rows are never changed."""

from typing import ClassVar

from django.db import models

from jusha.matching.block_rules import CATEGORIES, HOWS


class SponsorBlock(models.Model):
    """One sponsor, or a word in sponsors' names, that is refused from a day on.

    Of one text the newest row holds: an end, or a correction, is a further row. The pages' role
    writes one only as two reviewers decided (sql/0032_blocks.sql).
    """

    text = models.CharField(max_length=120)
    """The name, or the word."""
    how = models.CharField(max_length=4)
    """"name": this sponsor; "word": every sponsor whose name has it."""
    category = models.CharField(max_length=10)
    words = models.CharField(max_length=400)
    """Why, with the source."""
    begins = models.DateField()
    ends = models.DateField(null=True)
    """The first day on which it is refused no longer; null: none yet."""
    decision = models.BigIntegerField(unique=True, null=True)
    """By which decision of two; null: by the house, when the table was made."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(how__in=[*HOWS]), name="block_how_is_known"),
            models.CheckConstraint(
                condition=models.Q(category__in=[*CATEGORIES]), name="block_category_is_known"
            ),
        ]

    def __str__(self) -> str:
        """Name the text."""
        return self.text

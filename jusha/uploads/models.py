"""What was handed in, by whom and for whom, and which of it the public may see."""

from typing import ClassVar

from django.db import models


class Upload(models.Model):
    """A file as it is kept; rows are never changed. One a charity and content."""

    sha256 = models.CharField(max_length=64)
    """Of the bytes that are kept, in hexadecimal: of a picture, as it was written anew."""
    kind = models.CharField(max_length=8)
    """jpeg, png, webp, pdf, csv, xlsx: what it holds, not what it was called."""
    bytes = models.IntegerField()
    name = models.CharField(max_length=100)
    """For people; nothing is opened by it."""
    by = models.UUIDField()
    charity = models.CharField(max_length=40, blank=True)
    """Whose file; "" while its owner has no charity here yet."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sha256", "charity", "by"], name="handed_in_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["charity", "at"], name="upload_of_charity")]

    def __str__(self) -> str:
        """Name the hash."""
        return self.sha256


class UploadShown(models.Model):
    """That something published refers to a file, or does so no longer; the newest row holds."""

    sha256 = models.CharField(max_length=64)
    where = models.CharField(max_length=80)
    """What refers to it: `report 12`, `spending 7`."""
    charity = models.CharField(max_length=40)
    """Who handed it in and shows it; the database checks that (sql/0035_guard.sql)."""
    project = models.CharField(max_length=40, default="")
    """Of whose pages that is a part; "" for a charity's own."""
    shown = models.BooleanField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["sha256", "where", "-id"], name="upload_shown_where"),
        ]

    def __str__(self) -> str:
        """Name the hash and where it stands."""
        return f"{self.sha256} {self.where}"

"""People: accounts, their sealed mail addresses, and the erasable vault. Settlement reads none."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from jusha.people.rules import OFFICES


class Opening(models.Model):
    """The private record behind an order's commitment, sealed; erasing it is deleting it."""

    order_no = models.BigIntegerField(primary_key=True)
    donor = models.UUIDField(null=True)
    """Whose key it is sealed under; null: the vault's own, as before donors had keys."""
    sealed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["donor"],
                name="openings_of_donor",
                condition=models.Q(donor__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Name the order."""
        return str(self.order_no)


class UserAccountManager(BaseUserManager["UserAccount"]):
    """Makes accounts; nobody has a password."""

    def open(self, **fields: Any) -> "UserAccount":
        """Make an account that can only be signed in to by a code. Writes: jusha_useraccount."""
        account = self.model(**fields)
        account.set_unusable_password()
        account.save(using=self._db)
        return account


class UserAccount(AbstractBaseUser):
    """Who signs in: an opaque id and nothing else about a person.

    `password` never opens anything. It holds an unusable mark with forty random letters, which
    stand in the hash of every session: new letters end them all (`sessions.end_sessions`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    is_active = models.BooleanField(default=True)
    invited = models.BooleanField(default=False)
    """Named by `jusha staff` before its person ever came."""
    demo = models.BooleanField(default=False)
    """Invented for the sandbox: its letters may be shown, no second factor is asked of it there."""
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserAccountManager] = UserAccountManager()

    USERNAME_FIELD = "id"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        """Name the account by its id: it has no other name."""
        return str(self.id)


class Mailbox(models.Model):
    """A mail address, sealed; `alias` is what all other tables know of it.

    The alias is a keyed hash of the address (people/mailbox.py), so whoever has the database
    alone can neither read nor try addresses. Erasing the row leaves a name of nobody.
    """

    alias = models.CharField(max_length=80, primary_key=True)
    sealed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the alias."""
        return self.alias


class OwnedOrder(models.Model):
    """An order that an account keeps; an order has one keeper at most."""

    order_no = models.BigIntegerField(primary_key=True)
    account = models.ForeignKey(UserAccount, on_delete=models.CASCADE, related_name="+")
    kept_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the order."""
        return str(self.order_no)


class Officer(models.Model):
    """An office on the platform; one account has one at most, so none can be merged.

    Three offices that watch each other (GB/T 22239-2019 chapter 8, separation of rights).
    Written by the owner of the database alone (`jusha staff`), never by a page.
    """

    account = models.OneToOneField(UserAccount, on_delete=models.DO_NOTHING, related_name="+")
    """An account that holds an office cannot be erased: the database says no."""
    office = models.CharField(max_length=10)
    set_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(office__in=[*OFFICES]), name="office_is_known"
            )
        ]

    def __str__(self) -> str:
        """Name the office."""
        return self.office


class DonorKey(models.Model):
    """One donor's two keys, wrapped under the vault's; a key that is gone opens nothing again.

    A donor is an account, or one browser of a guest: then its signed cookie holds the id.
    """

    id = models.UUIDField(primary_key=True)
    account = models.UUIDField(null=True, unique=True)
    """Of a browser: null."""
    words = models.BinaryField(null=True)
    """Opens what the donor wrote; null once that was erased."""
    receipts = models.BinaryField(null=True)
    """Opens whom receipts are for; null once the law lets go of them too."""
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        """Name the donor by an id that tells nothing."""
        return str(self.id)


class Consent(models.Model):
    """A consent given or withdrawn; the newest of a subject and kind holds.

    Never changed but for one thing: erasing a person cuts `subject` off, triggers see to it.
    """

    subject = models.UUIDField(null=True)
    """An account, or a browser's donor key; null once the person was erased."""
    kind = models.CharField(max_length=24)
    version = models.SmallIntegerField()
    """Which wording the person saw (people/consent_rules.py)."""
    given = models.BooleanField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["subject", "kind", "-id"], name="consents_of_subject"),
            models.Index(fields=["kind", "subject", "-id"], name="consents_of_kind"),
        ]

    def __str__(self) -> str:
        """Name what was agreed to."""
        return f"{self.kind} {self.version} {self.given}"


class Erasure(models.Model):
    """A line of the erasure list that this database has carried out (people/erasure_list.py)."""

    id = models.UUIDField(primary_key=True)
    done_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the line."""
        return str(self.id)


class DecisionKind(models.Model):
    """Who may propose and who may confirm decisions of one kind. Filled by migrations alone.

    Each list holds `office:<office>` and `role:<role>`; a role is one in the decision's charity.
    """

    kind = models.CharField(max_length=20, primary_key=True)
    proposes = ArrayField(models.CharField(max_length=30))
    confirms = ArrayField(models.CharField(max_length=30))

    def __str__(self) -> str:
        """Name the kind."""
        return self.kind


class Decision(models.Model):
    """What one person proposes and another has to confirm before it holds. Never changed."""

    kind = models.CharField(max_length=20)
    charity = models.CharField(max_length=40)
    """Whose matter it is; "" where it is the platform's own."""
    subject = models.CharField(max_length=60)
    """What it is about: a project's code, a charity's, a rule's name."""
    body = models.JSONField()
    """What would hold: fields of the row that the confirmation may write, as they will stand."""
    evidence = ArrayField(models.CharField(max_length=64), default=list)
    """SHA-256 of the files that were looked at, in hexadecimal."""
    proposed_by = models.UUIDField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["kind", "subject"], name="decision_subject")]

    def __str__(self) -> str:
        """Name the kind and the subject."""
        return f"{self.kind} {self.subject}"


class DecisionEnd(models.Model):
    """How a decision ended; one a decision, and a confirmation is never the proposer's own.

    The database checks both persons' offices and roles (people/sql/decisions.sql).
    """

    decision = models.OneToOneField(Decision, on_delete=models.DO_NOTHING, related_name="end")
    verdict = models.CharField(max_length=10)
    words = models.CharField(max_length=400, blank=True)
    ended_by = models.UUIDField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(verdict__in=["confirmed", "declined", "withdrawn"]),
                name="verdict_is_known",
            )
        ]

    def __str__(self) -> str:
        """Name the decision and the verdict."""
        return f"{self.decision_id} {self.verdict}"

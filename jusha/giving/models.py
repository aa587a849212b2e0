"""Deeds, cases and refunds, written by settlement; imports and cases of refunds, by people."""

import uuid
from typing import ClassVar

from django.db import models

from jusha.giving import hand_rules, rail_bills_rules, receipt_rules, refund_rules


class Deed(models.Model):
    """One act as it was settled, never edited; its number is its leaf's place in the log.

    `held` deeds are money in a channel's suspense account, waiting for a case.
    """

    number = models.BigIntegerField(primary_key=True)
    channel = models.SmallIntegerField()
    campaign = models.IntegerField()
    project = models.IntegerField()
    asset = models.SmallIntegerField()
    amount = models.BigIntegerField()
    person = models.UUIDField()
    order_no = models.BigIntegerField()
    received_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    body = models.BinaryField()
    programme_at = models.BigIntegerField()
    running_at = models.BigIntegerField()
    held = models.BooleanField()

    class Meta:
        db_table = "giving_deed"
        managed = False


class Seen(models.Model):
    """The replay guard: which (channel, external id) came, with which body, as which deed."""

    key = models.UUIDField(primary_key=True)
    body = models.BigIntegerField()
    number = models.BigIntegerField()

    class Meta:
        db_table = "giving_seen"
        managed = False


class Case(models.Model):
    """Something that did not agree and waits for a person; number 0 where no deed was made."""

    id = models.BigIntegerField(primary_key=True)
    number = models.BigIntegerField()
    channel = models.SmallIntegerField()
    reason = models.TextField()
    detail = models.JSONField()
    opened_at = models.DateTimeField()

    class Meta:
        db_table = "giving_case"
        managed = False


class Refund(models.Model):
    """Money of a deed sent back, and the match that went back with it."""

    number = models.BigIntegerField(primary_key=True)
    deed = models.BigIntegerField()
    amount = models.BigIntegerField()
    matched = models.BigIntegerField()
    reason = models.TextField()

    class Meta:
        db_table = "giving_refund"
        managed = False


class Repaid(models.Model):
    """Refunded money that is owed no longer: delivered to its donor, by the rail's own name of it.

    Where `residue` is not 0 it could not go back and went to the charity of that id instead, by the
    decision that `reference` names; `words` is the hash of what is said of it.
    """

    number = models.BigIntegerField(primary_key=True)
    deed = models.BigIntegerField()
    amount = models.BigIntegerField()
    reference = models.TextField()
    residue = models.IntegerField()
    words = models.BinaryField()

    class Meta:
        db_table = "giving_repaid"
        managed = False


class Import(models.Model):
    """How far a file of gifts was appended, so that a stopped import goes on."""

    file_hash = models.CharField(max_length=64)
    map_hash = models.CharField(max_length=64)
    name = models.TextField()
    rows_appended = models.BigIntegerField(default=0)
    report = models.JSONField(default=dict)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """One run a file and map."""

        constraints = (
            models.UniqueConstraint(fields=("file_hash", "map_hash"), name="giving_import_once"),
        )

    def __str__(self) -> str:
        """Name the import by its file."""
        return self.name


class RefundCase(models.Model):
    """A wish to have money back: who asked, how much and why, and who decided what.

    What people decided stands here; what became of the money stands in settlement's tables, and
    `refund_follow` brings the state up to it. Amounts in the smallest unit of the deed's asset.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4)
    """Id of the instruction that it becomes: settlement obeys one id once."""
    deed = models.BigIntegerField()
    order_no = models.BigIntegerField()
    charity = models.CharField(max_length=40)
    """Code of the charity whose finance decides; empty for held money of no known project."""
    asset = models.SmallIntegerField()
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=20)
    reference = models.CharField(max_length=64)
    """The rail's own name of a complaint or chargeback; empty for a wish."""
    due_at = models.DateTimeField(null=True)
    """By when a dispute must be answered; null for a wish."""
    asked_as = models.CharField(max_length=8)
    """donor, staff or rail."""
    asked_by = models.CharField(max_length=80)
    """Name of the account or member of staff; empty for a donor without an account."""
    donor = models.CharField(max_length=80)
    """The account that gave, where it is known: it never decides its own refund."""
    state = models.CharField(max_length=12, default=refund_rules.ASKED)
    declined_for = models.CharField(max_length=20, default="")
    approved_by = models.CharField(max_length=80, default="")
    confirmed_by = models.CharField(max_length=80, default="")
    entry = models.BigIntegerField(default=0)
    """Number of the refund's entry, once it is booked; an entry 0 is never a refund."""
    told = models.CharField(max_length=40, default="")
    """Settlement's code, where it refused."""
    asked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["deed"],
                name="one_open_refund_a_deed",
                condition=models.Q(state__in=sorted(refund_rules.OPEN)),
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="refund_of_something"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["deed"], name="refund_of_deed"),
            models.Index(fields=["charity", "state", "id"], name="refund_of_charity"),
            models.Index(
                fields=["state"],
                name="refund_moving",
                condition=models.Q(state__in=sorted(refund_rules.MOVING | refund_rules.UNDECIDED)),
            ),
        ]

    def __str__(self) -> str:
        """Name the case and its deed."""
        return f"{self.pk} of {self.deed}"


class RefundStep(models.Model):
    """One step of a case: what was done, when, by whom; never changed, triggers see to it."""

    case = models.BigIntegerField()
    did = models.CharField(max_length=12)
    """The state that it led to."""
    as_role = models.CharField(max_length=8)
    """donor, staff, rail, finance, or house for what settlement and the rail told."""
    by = models.CharField(max_length=80)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["case", "id"], name="steps_of_refund")]

    def __str__(self) -> str:
        """Name the case and what was done."""
        return f"{self.case} {self.did}"


class RefundWords(models.Model):
    """What the donor wrote beside the reason, sealed; erasing it is deleting it."""

    case = models.BigIntegerField(primary_key=True)
    donor = models.UUIDField(null=True)
    """Whose key it is sealed under; null: the vault's own."""
    sealed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the case."""
        return str(self.case)


class HandPaid(models.Model):
    """A refund that no rail delivers, paid by hand: one person says so, another confirms it.

    Confirmed, its instruction is in the inbox; the row stays for ever. Handed back, `confirmed_by`
    has who did it and `confirmed_at` stays null, until somebody says "paid" again.
    """

    refund = models.BigIntegerField(primary_key=True)
    """Number of the refund's entry."""
    reference = models.CharField(max_length=hand_rules.REFERENCE_MAX)
    """By which the bank knows the transfer; it names no person."""
    paid_on = models.DateField()
    proposed_by = models.CharField(max_length=80)
    proposed_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=80, default="")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(confirmed_by=models.F("proposed_by")),
                name="paid_by_hand_takes_two",
            ),
        ]

    def __str__(self) -> str:
        """Name the refund and the transfer."""
        return f"{self.refund} {self.reference}"


class RefundRun(models.Model):
    """One run that sends all gifts of a stopped campaign back (Charity Law 111, 113).

    Never changed: a run that goes on is a further row, and the newest one's `residue_to` holds.
    """

    campaign = models.CharField(max_length=40)
    reason = models.CharField(max_length=200)
    by = models.CharField(max_length=80)
    second = models.CharField(max_length=80)
    residue_to = models.CharField(max_length=40)
    """Code of the charity that gets what cannot be sent back; empty while none is named."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["campaign", "-id"], name="runs_of_campaign")]

    def __str__(self) -> str:
        """Name the campaign."""
        return self.campaign


class Receipt(models.Model):
    """A donor's wish for a receipt: one a gift that asked, never without a state.

    A gift without a row has a state too (receipt_queries.states_of).
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4)
    """By which an issuer knows what it is asked, with the round appended."""
    order_no = models.BigIntegerField(unique=True)
    deed = models.BigIntegerField(null=True, db_index=True)
    """What paid the order; null until something did."""
    kind = models.CharField(max_length=12)
    title = models.CharField(max_length=12)
    """person or organisation; who it is, is sealed in ReceiptPayer."""
    state = models.CharField(max_length=10, default=receipt_rules.REQUESTED)
    asked_by = models.CharField(max_length=80)
    """The account that asked; empty for a donor without one."""
    consent = models.CharField(max_length=10)
    """Which wording of handing the data on was agreed to."""
    sent_amount = models.BigIntegerField(default=0)
    """What the issuer is being asked for, fixed before it is first asked; 0: nothing is."""
    held_at = models.DateTimeField(null=True)
    """When a refund without a case last waited for the e-receipt's reversal."""
    told = models.CharField(max_length=40, default="")
    """The issuer's code, where it refused or did not answer."""
    tries = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    """When the issuer is asked next; null: not at all."""
    asked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=receipt_rules.STATES), name="receipt_has_a_state"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=receipt_rules.KINDS), name="receipt_has_a_kind"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["asked_at"],
                name="receipt_waits",
                condition=models.Q(state=receipt_rules.REQUESTED),
            ),
            models.Index(
                fields=["next_at"],
                name="receipt_due",
                condition=models.Q(next_at__isnull=False),
            ),
            models.Index(
                fields=["id"],
                name="receipt_refused",
                condition=~models.Q(told=""),
            ),
        ]

    def __str__(self) -> str:
        """Name the order."""
        return str(self.order_no)


class ReceiptPayer(models.Model):
    """Whom a receipt is for, sealed; erasing it is deleting it."""

    receipt = models.BigIntegerField(primary_key=True)
    donor = models.UUIDField(null=True)
    """Whose key for receipts it is sealed under; null: the vault's own."""
    sealed = models.BinaryField()
    kept_until = models.DateField(null=True)
    """Its person was erased: nobody reads it any more, and after this day it goes (PIPL 47)."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["kept_until"],
                name="payers_let_go",
                condition=models.Q(kept_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Name the receipt."""
        return str(self.receipt)


class ReceiptSeries(models.Model):
    """The last number of one kind, charity and Shanghai year; its lock keeps numbers gapless."""

    kind = models.CharField(max_length=12)
    charity = models.CharField(max_length=40)
    year = models.SmallIntegerField()
    last = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "charity", "year"], name="one_series"),
        ]

    def __str__(self) -> str:
        """Name the series."""
        return f"{self.kind} {self.charity} {self.year}"


class ReceiptPaper(models.Model):
    """A paper that was issued, or the reversal of one; never changed, triggers see to it."""

    receipt = models.BigIntegerField()
    kind = models.CharField(max_length=12)
    does = models.CharField(max_length=8)
    """issue or reverse."""
    charity = models.CharField(max_length=40)
    year = models.SmallIntegerField()
    number = models.BigIntegerField()
    amount = models.BigIntegerField()
    """In fen, above 0, of a reversal too."""
    reverses = models.BigIntegerField(null=True, unique=True)
    """The paper that this one takes back: each at most once."""
    issuer_code = models.CharField(max_length=20)
    """票据代码, empty for a letter."""
    issuer_number = models.CharField(max_length=20)
    """票据号码."""
    issuer_check = models.CharField(max_length=20)
    """校验码."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "charity", "year", "number"], name="one_paper_a_number"
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="paper_of_something"),
            models.CheckConstraint(
                condition=models.Q(does=receipt_rules.ISSUE, reverses__isnull=True)
                | models.Q(does=receipt_rules.REVERSE, reverses__isnull=False),
                name="a_reversal_names_its_paper",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["receipt", "id"], name="papers_of_receipt")]

    def __str__(self) -> str:
        """Name the paper by its number."""
        return receipt_rules.number_text(charity=self.charity, year=self.year, number=self.number)


class RailBill(models.Model):
    """A rail's bill of one day: asked for until it is read, known again by its bytes' hash.

    `day` is a Shanghai day. Sums are of all its lines: money in fen, fees in millionths of a yuan.
    """

    rail = models.CharField(max_length=16)
    day = models.DateField()
    payee = models.CharField(max_length=40)
    """Code of the charity whose account it is; empty where one bill holds all of them."""
    merchant = models.CharField(max_length=64, default="", db_default="")
    """Which of the charity's accounts; empty: its first one."""
    state = models.CharField(max_length=10, default=rail_bills_rules.ASKED)
    told = models.CharField(max_length=200, default="")
    """The rail's code, or what could not be read."""
    tries = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    """When it is asked for next; null: not again by itself."""
    file_hash = models.CharField(max_length=64, default="")
    """SHA-256 of the bytes that were read; empty before."""
    lines = models.IntegerField(default=0)
    read_at = models.DateTimeField(null=True)
    laid_at = models.DateTimeField(null=True)
    """When it was last laid beside our deeds."""
    lay_at = models.DateTimeField(null=True)
    """When it is laid next; null: not again by itself."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rail", "day", "payee", "merchant"], name="one_bill_a_day"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["day", "rail"], name="rail_bill_day"),
            models.Index(
                fields=["next_at"],
                name="rail_bill_due",
                condition=models.Q(next_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Name rail, day and payee."""
        return f"{self.rail} {self.day} {self.payee}".strip()


class RailTally(models.Model):
    """What one charity's lines of a day come to; money in fen, fees in millionths of a yuan.

    Differences are not counted here: they have rows.
    """

    rail = models.CharField(max_length=16)
    day = models.DateField()
    charity = models.CharField(max_length=40)
    """Code of the charity whose account it is; empty for accounts that nobody named."""
    paid_lines = models.IntegerField()
    paid = models.BigIntegerField()
    back_lines = models.IntegerField()
    back = models.BigIntegerField()
    fee_micro = models.BigIntegerField()
    matched_lines = models.IntegerField()
    """Payments and refunds that agree, those of another day among them."""
    matched = models.BigIntegerField()
    """Payments that agree."""
    crossed_lines = models.IntegerField()
    """Of the matched: payments whose day is another one here."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rail", "day", "charity"], name="one_tally_a_day"),
        ]

    def __str__(self) -> str:
        """Name rail, day and charity."""
        return f"{self.rail} {self.day} {self.charity}".strip()


class RailLift(models.Model):
    """How much of what a channel drew its bills of a day were said to confirm, in fen."""

    pk = models.CompositePrimaryKey("rail", "day")
    rail = models.CharField(max_length=16)
    day = models.DateField()
    lifted = models.BigIntegerField()

    def __str__(self) -> str:
        """Name rail, day and amount."""
        return f"{self.rail} {self.day} {self.lifted}"


class RailDifference(models.Model):
    """Something that a rail's bill and our tables do not say alike, and what became of it.

    `there` is the rail's side, `here` ours: amounts in fen, null where the side has nothing.
    """

    rail = models.CharField(max_length=16)
    day = models.DateField()
    name = models.CharField(max_length=80)
    """What it is about, so that laying the day again finds it again; it tells no payer."""
    kind = models.CharField(max_length=16)
    cause = models.CharField(max_length=20)
    charity = models.CharField(max_length=40)
    order_no = models.BigIntegerField()
    deed = models.BigIntegerField(null=True)
    refund = models.CharField(max_length=64)
    """Key of the refund that it is about; empty for a payment."""
    line = models.IntegerField()
    """Line of the bill; 0 where it has none."""
    there = models.BigIntegerField(null=True)
    here = models.BigIntegerField(null=True)
    there_at = models.DateTimeField(null=True)
    here_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, default=rail_bills_rules.OPEN)
    found_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=20, default="")
    note = models.CharField(max_length=200, default="")
    proposed_by = models.CharField(max_length=80, default="")
    confirmed_by = models.CharField(max_length=80, default="")
    asked_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=12, default="")
    """What the rail said when it was asked about the order or the refund."""
    answer_amount = models.BigIntegerField(null=True)
    tries = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    """When the rail is asked next; null: not again."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rail", "day", "name"], name="one_difference_a_name"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["charity", "day"],
                name="rail_difference_open",
                condition=models.Q(state__in=sorted(rail_bills_rules.UNSETTLED)),
            ),
            models.Index(
                fields=["next_at"],
                name="rail_difference_due",
                condition=models.Q(next_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Name the day and the kind."""
        return f"{self.rail} {self.day} {self.kind}"


class RailDifferenceStep(models.Model):
    """One step of a difference: what was done, when, by whom; never changed, triggers see to it."""

    difference = models.BigIntegerField()
    did = models.CharField(max_length=12)
    by = models.CharField(max_length=80)
    """Account of a member of staff; empty for what the house did itself."""
    reason = models.CharField(max_length=20, default="")
    note = models.CharField(max_length=200, default="")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["difference", "id"], name="steps_of_difference")]

    def __str__(self) -> str:
        """Name the difference and what was done."""
        return f"{self.difference} {self.did}"

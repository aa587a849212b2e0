"""What a map says about a file of gifts: which column is what, and where the gifts belong. Pure.

A map is a short TOML file that an accountant can read and a reviewer can sign. It is checked
whole before the file of gifts is opened, and every complaint names the key and what is allowed.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from jusha.inbox.envelopes import CODE
from jusha.matching.rules import RuleTerms, check_terms
from jusha.money.clock import minute_seconds
from jusha.payments.bills.statement import Form

CURRENCY: Final = re.compile(r"[A-Z]{3}")
MAP_BYTES_MAX: Final = 64 * 1024
"""A larger map is a mistake: most likely the file of gifts itself."""


class MapRefusedError(Exception):
    """The map does not say what is needed; the text names the key and what is allowed."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the map: no keys but its own, so a misspelt one cannot pass unseen."""


class ProjectPart(Part, frozen=True):
    """Where the gifts go: one `code`, or a `column` with codes in it or words for them."""

    code: str = ""
    column: str = ""
    codes: dict[str, str] = {}
    """The file's words for projects, as codes; empty means the column holds codes."""


class IdPart(Part, frozen=True):
    """Which columns together name a gift for ever, as the channel's operator knows it."""

    columns: list[str]
    count_equals: bool = False
    """For files without ids: equal lines are told apart by counting them, 1, 2, 3."""
    also: list[str] = []
    """Columns with other numbers a donor may know, such as 商户单号; each finds the gift too."""


class TimePart(Part, frozen=True):
    """When the gift was made. `format` is "iso" or a strptime pattern such as "%Y%m%d %H:%M:%S".

    `timezone` is for times that do not name one themselves.
    """

    column: str
    clock: str = ""
    """The column of the time of day, where date and time stand in two; `format` has a space
    between them."""
    format: str = "iso"
    timezone: str = ""

    @property
    def columns(self) -> list[str]:
        """The column of the time, or those of date and time of day."""
        return [self.column, self.clock] if self.clock else [self.column]


class AmountPart(Part, frozen=True):
    """How much: whole fen, or yuan with at most two decimals that are not zero."""

    column: str
    unit: Literal["fen", "yuan"]
    thousands_commas: bool = False


class PayerPart(Part, frozen=True):
    """Who paid, only where the column names one person for sure (never a masked name).

    The value becomes a person key under the installation's secret and is kept nowhere.
    """

    column: str
    rail: str


class BalancePart(Part, frozen=True):
    """A bank's running balance: each line's is the one before, plus credit, less debit."""

    column: str
    credit: str
    debit: str = ""
    """Empty where the file has no column for money going out."""
    newest_first: bool = False
    """For statements that list the newest line first."""


class TransferPart(Part, frozen=True):
    """A bank's statement: where the donor's reference stands, and whose account it is."""

    columns: list[str]
    """What the payer wrote: 附言, 摘要; read together, in this order."""
    account: str = ""
    """The account's number where the whole file is one account's."""
    account_column: str = ""
    without: Literal["hold", "leave"] = "hold"
    """Money without a reference: held for a person to decide, or left for the account's owner."""


class BatchPart(Part, frozen=True):
    """Which batch a result, or the money for it, belongs to."""

    column: str


class FilterPart(Part, frozen=True):
    """Rows in which `column` holds one of `values`."""

    column: str
    values: list[str]


class RefundPart(Part, frozen=True):
    """Which lines send a gift back, and which gift: by a word in `column`, else by a minus."""

    of: list[str]
    """Columns that name the gift: its id, or one of its other numbers."""
    id: list[str]
    """Columns that name the refund for ever."""
    column: str = ""
    """Empty: a line whose amount is below zero is a refund."""
    values: list[str] = []
    amount: str = ""
    """How much went back, where it stands in a column of its own; with or without a minus."""
    drop: list[FilterPart] = []
    """Refunds that did not happen: left out if any of these agrees."""


class OpenProject(Part, frozen=True):
    """A project to open for this charity; running costs in per mille of each gift."""

    code: str
    running_permille: int = 0


class OpenCampaign(Part, frozen=True):
    """When the campaign runs, in UTC minutes such as 2020-01-23T16:00Z."""

    opens: str
    closes: str


class OpenChannel(Part, frozen=True):
    """The channel's names and limits in fen; 0 means no limit. Its clock is the file's."""

    name_zh: str = ""
    name_en: str = ""
    gift_max: int = 0
    draw_max: int = 0


class OpenPool(Part, frozen=True):
    """A sponsor's pool in fen; `how` as in fund-pool."""

    code: str
    sponsor: str
    amount: int
    how: Literal["secured", "trusted"]


class OpenRule(Part, frozen=True):
    """The first version of a rule for the pool, in force from a UTC minute."""

    code: str
    begins: str
    terms: RuleTerms


class OpenPart(Part, frozen=True):
    """What `jusha import prepare` makes where it does not exist yet."""

    charity: str
    channel: OpenChannel = OpenChannel()
    projects: list[OpenProject] = []
    campaign: OpenCampaign | None = None
    pool: OpenPool | None = None
    rule: OpenRule | None = None


class GiftMap(Part, frozen=True, kw_only=True):
    """One map, checked. Lines are counted from 1; `skip_lines` stand above the header."""

    channel: str
    kind: Literal["gifts", "transfers", "results", "remittance"] = "gifts"
    """What the lines are (docs/how-to-files.md); with "gifts", each is one by itself."""
    campaign: str = ""
    form: Form = "csv"
    """How the file is written; the rails' own forms need no encoding, delimiter or header."""
    sheet: str = ""
    """Which sheet of a spreadsheet that has several."""
    currency: str = "CNY"
    """Other money is checked and reconciled; only yuan become gifts."""
    encoding: Literal["utf-8", "gbk", "gb18030"] = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    skip_lines: int = 0
    header: list[str] = []
    """The columns' names where the file has no header line of its own."""
    project: ProjectPart = ProjectPart()
    """Left out only where no line names a project: transfers and remittances."""
    id: IdPart
    time: TimePart
    amount: AmountPart
    payer: PayerPart | None = None
    balance: BalancePart | None = None
    transfer: TransferPart | None = None
    batch: BatchPart | None = None
    keep: list[FilterPart] = []
    """A row is taken only if every one of these agrees."""
    drop: list[FilterPart] = []
    """A row is left out if any of these agrees."""
    refund: RefundPart | None = None
    """Without it, lines that send money back are left out or rejected, as keep and drop say."""
    open: OpenPart | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that the map reads, each once."""
        named = [*self.id.columns, *self.id.also, *self.time.columns, self.amount.column]
        named += [part.column for part in (*self.keep, *self.drop)]
        if back := self.refund:
            named += [*back.of, *back.id, *(part.column for part in back.drop)]
            named += [name for name in (back.column, back.amount) if name]
        named += [self.project.column] if self.project.column else []
        named += [self.payer.column] if self.payer else []
        named += [self.batch.column] if self.batch else []
        if told := self.transfer:
            named += [*told.columns, *([told.account_column] if told.account_column else [])]
        named += self.balance_columns
        return list(dict.fromkeys(named))

    @property
    def balance_columns(self) -> list[str]:
        """The columns of the running balance: balance, credit, and debit if there is one."""
        part = self.balance
        return [name for name in (part.column, part.credit, part.debit) if name] if part else []

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone of times that name none, if the map gives one."""
        return ZoneInfo(self.time.timezone) if self.time.timezone else None

    @property
    def project_codes(self) -> list[str]:
        """The project codes that the map itself names."""
        named = [self.project.code] if self.project.code else list(self.project.codes.values())
        return list(dict.fromkeys(named))


def read_map(raw: bytes) -> GiftMap:
    """Read and check a map. Raises MapRefusedError."""
    if len(raw) > MAP_BYTES_MAX:
        raise MapRefusedError(f"a map has at most {MAP_BYTES_MAX} bytes, this has {len(raw)}")
    try:
        told = msgspec.toml.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MapRefusedError(f"the map is not TOML in UTF-8: {error}") from error
    for complaint in _wrong_keys(told, GiftMap, ""):
        raise MapRefusedError(complaint)
    try:
        found = msgspec.convert(told, GiftMap)
    except msgspec.ValidationError as error:
        raise MapRefusedError(_explained(told, str(error))) from error
    for complaint in _wrong_values(found):
        raise MapRefusedError(complaint)
    return found


def _wrong_keys(told: object, kind: type[msgspec.Struct], path: str) -> Iterator[str]:
    """Complain of unknown and missing keys, deepest tables included."""
    if not isinstance(told, dict):
        return
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)
    if info.tag_field and told.get(info.tag_field) != info.tag:
        return  # another form of the same table; an unknown one is refused when it is read
    fields = {field.encode_name: field for field in info.fields}
    allowed = ", ".join(fields)
    where = f"[{path}]" if path else "the map"
    for key in told:
        if key not in fields and key != info.tag_field:
            yield f"{path + '.' if path else ''}{key} is not known; {where} may hold: {allowed}"
    for name, field in fields.items():
        if field.required and name not in told:
            yield f"{path + '.' if path else ''}{name} is missing; {where} may hold: {allowed}"
    for name in told.keys() - {info.tag_field}:
        for part in _structs(fields[name].type):
            inner = told[name]
            for place, item in enumerate(inner if isinstance(inner, list) else [inner]):
                spot = f"{name}[{place}]" if isinstance(inner, list) else name
                yield from _wrong_keys(item, part, f"{path + '.' if path else ''}{spot}")


def _structs(kind: msgspec.inspect.Type) -> list[type[msgspec.Struct]]:
    """The tables that a key may hold."""
    if isinstance(kind, msgspec.inspect.StructType):
        return [kind.cls]
    if isinstance(kind, msgspec.inspect.ListType):
        return _structs(kind.item_type)
    if isinstance(kind, msgspec.inspect.UnionType):
        return [found for one in kind.types for found in _structs(one)]
    return []


def _explained(told: Any, complaint: str) -> str:
    """Turn msgspec's complaint into key, value and what is allowed."""
    what, _, path = complaint.partition(" - at `$")
    keys = re.findall(r"[A-Za-z_]+|\[\d+\]", path)
    kind: msgspec.inspect.Type = msgspec.inspect.type_info(GiftMap)
    value = told
    for key in keys:
        if key.startswith("["):
            value = value[int(key[1:-1])]
            kind = kind.item_type if isinstance(kind, msgspec.inspect.ListType) else kind
            continue
        value = value[key]
        for part in _structs(kind):
            fields = msgspec.inspect.type_info(part)
            assert isinstance(fields, msgspec.inspect.StructType)
            kind = next(field.type for field in fields.fields if field.encode_name == key)
    name = "".join(f".{key}" if key[0] != "[" else key for key in keys).lstrip(".")
    if isinstance(kind, msgspec.inspect.LiteralType):
        return f"{name} = {value!r}; allowed: {', '.join(map(repr, kind.values))}"
    return f"{name} = {value!r}: {what[:1].lower()}{what[1:]}"


def _wrong_values(given: GiftMap) -> Iterator[str]:
    """Complain of values that have the right type and no good meaning."""
    named = {"channel": given.channel, "campaign": given.campaign or "none"}
    named |= {"project.code": given.project.code or "none"}
    named |= {f"project.codes.{word}": code for word, code in given.project.codes.items()}
    yield from _wrong_codes(named)
    yield from _wrong_kind(given)
    if given.kind in {"gifts", "results"}:
        yield from _wrong_project(given.project)
    yield from _wrong_columns(given)
    yield from _wrong_form(given)
    yield from _wrong_time(given.time)
    if given.payer and not given.payer.rail:
        yield 'payer.rail may not be empty; a short word such as "alipay"'
    if given.open:
        yield from _wrong_opening(given, given.open)


def _wrong_codes(named: dict[str, str]) -> Iterator[str]:
    """Complain of codes that could not stand in the log."""
    for key, code in named.items():
        if not CODE.fullmatch(code):
            yield (
                f"{key} = {code!r}; allowed: 1 to 40 of A-Z a-z 0-9 . _ -, a letter or digit"
                " at both ends"
            )


def _wrong_project(given: ProjectPart) -> Iterator[str]:
    """Complain unless the project is said in exactly one way."""
    if bool(given.code) == bool(given.column):
        yield "project needs exactly one of: code, column"
    if given.codes and not given.column:
        yield "project.codes goes with project.column"


def _wrong_kind(given: GiftMap) -> Iterator[str]:
    """Complain of parts that the kind of file does not have, or lacks."""
    kind = given.kind
    if (given.transfer is not None) != (kind == "transfers"):
        yield "[transfer] goes with kind = 'transfers', and that kind needs it"
    if (given.batch is not None) != (kind in {"results", "remittance"}):
        yield "[batch] goes with kind = 'results' or 'remittance', and these kinds need it"
    if kind in {"transfers", "remittance"} and (given.project.code or given.project.column):
        yield f"kind = {kind!r} has no [project]: an order, or the results, name it"
    if kind in {"transfers", "remittance"} and (given.campaign or given.open):
        yield f"kind = {kind!r} has neither campaign nor [open]"
    if kind != "gifts" and (given.id.also or given.refund):
        yield f"kind = {kind!r} has no id.also and no [refund]"
    # Counting is the same in every file only where a file has all the lines that are counted.
    whole = kind == "results" and given.batch and given.batch.column in given.id.columns
    if kind != "gifts" and given.id.count_equals and not whole:
        yield "id.count_equals goes with kind = 'results' where the batch is one of id.columns"
    if given.transfer:
        if not given.transfer.columns:
            yield "transfer.columns names at least one column"
        if bool(given.transfer.account) == bool(given.transfer.account_column):
            yield "transfer needs exactly one of: account, account_column"


def _wrong_columns(given: GiftMap) -> Iterator[str]:
    """Complain of columns that cannot be found in any file."""
    if not given.id.columns:
        yield "id.columns names at least one column"
    if given.skip_lines < 0:
        yield f"skip_lines = {given.skip_lines}; allowed: 0 or more"
    if "" in given.columns:
        yield "a column's name may not be empty"
    if given.header and (lost := [name for name in given.columns if name not in given.header]):
        yield f"header does not hold {', '.join(lost)}"
    if back := given.refund:
        if not back.of or not back.id:
            yield "refund.of and refund.id name at least one column each"
        if bool(back.column) != bool(back.values):
            yield "refund.column goes with refund.values"
    dropped = given.refund.drop if given.refund else []
    for key, parts in (("keep", given.keep), ("drop", given.drop), ("refund.drop", dropped)):
        if any(not part.values for part in parts):
            yield f"{key}.values names at least one value"


def _wrong_form(given: GiftMap) -> Iterator[str]:
    """Complain of keys that a form does not have."""
    if given.form not in {"csv", "xlsx"} and (given.header or given.skip_lines):
        yield f"form = {given.form!r} knows its own header: leave out header and skip_lines"
    if given.sheet and given.form != "xlsx":
        yield "sheet goes with form = 'xlsx'"
    if not CURRENCY.fullmatch(given.currency):
        yield f"currency = {given.currency!r}; allowed: three capital letters such as CNY"
    if given.currency != "CNY" and given.open:
        yield "open goes with currency = 'CNY': other money does not become gifts"


def _wrong_time(given: TimePart) -> Iterator[str]:
    """Complain of a time zone nobody knows or a pattern without a day."""
    if given.timezone:
        try:
            ZoneInfo(given.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            yield f"time.timezone = {given.timezone!r}; allowed: a name such as Asia/Shanghai"
    if given.format == "iso":
        return
    day = "%Y" in given.format and "%m" in given.format and "%d" in given.format
    if not day and "%c" not in given.format:
        yield f'time.format = {given.format!r}; allowed: "iso", or a pattern with %Y, %m and %d'
    if not given.timezone and "%z" not in given.format:
        yield "time.timezone is missing: a pattern without %z needs one, such as Asia/Shanghai"


def _wrong_opening(given: GiftMap, opening: OpenPart) -> Iterator[str]:
    """Complain of what settlement would refuse anyway, before anything is sent."""
    named = {"open.charity": opening.charity}
    named |= {f"open.projects[{i}].code": p.code for i, p in enumerate(opening.projects)}
    minutes = {}
    if opening.campaign:
        minutes["open.campaign.opens"] = opening.campaign.opens
        minutes["open.campaign.closes"] = opening.campaign.closes
    if opening.pool:
        named["open.pool.code"] = opening.pool.code
    if opening.rule:
        named["open.rule.code"] = opening.rule.code
        minutes["open.rule.begins"] = opening.rule.begins
    yield from _wrong_codes(named)
    for key, text in minutes.items():
        try:
            minute_seconds(text)
        except ValueError:
            yield f"{key} = {text!r}; allowed: a UTC minute such as 2020-01-23T16:00Z"
    yield from _wrong_round(given, opening)


def _wrong_round(given: GiftMap, opening: OpenPart) -> Iterator[str]:
    """Complain of a campaign, pool or rule without what it hangs on."""
    if opening.campaign and not given.campaign:
        yield "open.campaign goes with campaign"
    if opening.pool and not given.campaign:
        yield "open.pool goes with campaign: a pool serves one"
    if opening.pool and opening.pool.amount <= 0:
        yield f"open.pool.amount = {opening.pool.amount}; allowed: fen, more than 0"
    if opening.rule and not opening.pool:
        yield "open.rule goes with open.pool"
    if opening.rule and (wrong := check_terms(opening.rule.terms)):
        yield f"open.rule.terms: {wrong}"

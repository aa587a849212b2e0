"""Audit of the entries that instructions made: each is derived again from what was asked for.

An entry needs its instruction in the inbox, two persons where two must decide, the rows that
it tells of, and transfers that follow from the books as they stood. What is left over, on
either side, is a finding: nothing in the log may be there unasked.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from psycopg import Connection

from jusha.ledger.findings import Finding, compared
from jusha.matching.kinds.shares import pro_rata
from jusha.matching.rules import BY_NUMBER, RuleTerms, Surprise, document, terms_hash
from jusha.merkle.encoding import encode64
from jusha.money.assets import ASSETS_BY_NUMBER
from jusha.money.clock import DAY_SECONDS, MINUTE_SECONDS, day_number, minute_seconds, minute_text
from jusha.money.split import cut_permille, part_returned
from jusha.settlement import audit_owed as owed
from jusha.settlement import audit_read as read
from jusha.settlement import audit_review as reviews
from jusha.settlement.audit_deeds import Deeds
from jusha.settlement.audit_gifts import Transfer
from jusha.settlement.audit_lines import Lines, Out
from jusha.settlement.audit_read import Asked, Facts, Numbered, of_entry
from jusha.settlement.audit_state import SPREAD, SURPRISE, Fund, Pool, Seed
from jusha.settlement.decide import SECOND_US
from jusha.settlement.instructions import ReconciledBody
from jusha.settlement.match import day_end_s
from jusha.settlement.refund import COVER_PLACE, DEBT_PLACE
from jusha.settlement.seal import SUMS_BYTES_MAX
from jusha.settlement.seeds import REVEAL_SECONDS

TWO_PERSONS: Final = frozenset(
    {"publish-rule", "refund", "thaw", "claw-back", "release", "sponsor-paid", "spend", "residue"}
)
SPREAD_PLACES: Final = 14
SPREAD_ROWS: Final = 500
BY_SHARE: Final = BY_NUMBER["share"]


class Leaves:
    """Checks one instruction after the other, on the streams and the state of the walk."""

    def __init__(self, connection: Connection[Any], walk: Deeds) -> None:
        """Open the streams; needs a transaction."""
        self.walk, self.state = walk, walk.state
        self.refunds = Numbered(connection, "refund", read.REFUNDS_SQL)
        self.repaid = Numbered(connection, "repaid", read.REPAID_SQL)
        self.clawbacks = Numbered(connection, "claw-back", read.CLAWBACKS_SQL)
        self.reviews = Numbered(connection, "review", read.REVIEWS_SQL)
        self.releases = Numbered(connection, "release", read.RELEASES_SQL)
        self.lines = Lines(connection, walk.state)
        self.tables: dict[bytes, bytes] = {
            row[0]: row[1]
            for row in connection.execute("SELECT hash, body FROM tlog_table", binary=True)
        }
        self.told: set[int] = set()
        """Numbers of terms, pools, channels and so on whose entry was met."""
        self.handlers: dict[str, Callable[[Asked], Iterator[Finding]]] = {
            "admit-channel": self.channel, "reconciled": self.reconciled,
            "admit-charity": self.charity,
            "open-project": self.project, "close-project": self.close_project,
            "open-campaign": self.campaign, "fund-pool": self.pool, "publish-rule": self.rule,
            "refund": self.refund, "refund-sent": self.sent, "residue": self.residue,
            "seal": self.seal, "commit-seed": self.seed,
            "reveal": self.reveal, "freeze": self.freeze, "thaw": self.freeze,
            "claw-back": self.claw_back, "begin-notice": self.notice, "close-pool": self.close,
            "hold-match": self.review, "let-match": self.review,
            "release": self.release, "sponsor-paid": self.paid,
            "publish-accounts": self.accounts, "spend": self.spend,
        }  # fmt: skip

    def streams(self) -> list[Numbered]:
        """All streams whose rows must have an entry."""
        own = (self.refunds, self.repaid, self.clawbacks, self.reviews, self.releases)
        return [*own, *self.lines.streams()]

    def check(self, asked: Asked) -> Iterator[Finding]:
        """Check the entry of an instruction that was carried out."""
        kind, where = asked.instruction.kind, f"entry {asked.number}"
        by, second = asked.instruction.by, asked.instruction.second
        if kind in TWO_PERSONS and (not by or not second or by == second):
            yield Finding("settlement", "decided without two persons", where, found=kind)
        handler = self.handlers.get(kind)
        if handler is None:
            yield Finding(
                "settlement", "instruction of an unknown kind was obeyed", where, "", kind
            )
            return
        yield from self.walk.entries.skip_to(asked.number)
        try:
            yield from handler(asked)
        except (LookupError, TypeError, ValueError, AssertionError) as error:
            yield Finding("settlement", "entry without its rows", where, kind, repr(error))
        for stream in (self.walk.transfers, self.walk.matches):
            if stream.at < self.walk.entries.number:
                stream.take(self.walk.entries.number - 1)

    def entry(
        self,
        asked: Asked,
        fields: dict[str, Any],
        transfers: list[Transfer] | None = None,
        *,
        number: int = -1,
        free: tuple[str, ...] = (),
        own: bool = True,
    ) -> Iterator[Finding]:
        """Compare the next entry and its transfers with what they must be, and book these."""
        number = asked.number if number < 0 else number
        raw = self.walk.entries.take(number)
        fields = fields | {"n": number, "t": asked.minute, "v": 1}
        yield from self.walk.compare_entry(number, fields, raw, free)
        yield from self.walk.compare_posted(number, transfers or [], own=own)
        for _, debit, credit, amount in transfers or ():
            self.state.move(debit, credit, amount)

    def rows(self, asked: Asked, what: str, wanted: object, found: object) -> Iterator[Finding]:
        """Compare the rows of an entry with what was asked for."""
        pairs = [(f"{what} is not what was asked for", wanted, found)]
        yield from compared("settlement", f"entry {asked.number}", pairs)

    # --- what there is: channels, charities, projects, campaigns, pools, rules

    def channel(self, asked: Asked) -> Iterator[Finding]:
        """A channel's rights."""
        channel = self.state.channels[asked.body["code"]]
        self.told.add(channel.number)
        terms = msgspec.convert(asked.body["terms"], type(channel.terms))
        yield from self.rows(
            asked, "channel", (asked.number, terms), (channel.number, channel.terms)
        )
        fields = {"k": "channel", "ch": channel.code, "clock": terms.clock, "draw": terms.draw_max}
        yield from self.entry(asked, fields)

    def reconciled(self, asked: Asked) -> Iterator[Finding]:
        """What a channel's bills confirm counts no more against what it may draw."""
        body = msgspec.convert(asked.body, ReconciledBody)
        channel = self.state.channels[body.channel]
        where, limits = f"entry {asked.number}", f"1 to {channel.drawn}"
        if not 0 < body.amount <= channel.drawn:
            found = str(body.amount)
            yield Finding("settlement", "more reconciled than drawn", where, limits, found)
        channel.drawn -= body.amount
        fields = {"k": "reconciled", "ch": channel.code, "amt": body.amount}
        yield from self.entry(asked, fields | {"day": body.day.isoformat()})

    def charity(self, asked: Asked) -> Iterator[Finding]:
        """A charity's book."""
        code = asked.body["code"]
        self.told.add(asked.number)
        numbers = [number for known, number in self.state.payees.values() if known == code]
        yield from self.rows(asked, "charity", [asked.number], numbers)
        yield from self.entry(asked, {"k": "charity", "org": code})

    def project(self, asked: Asked) -> Iterator[Finding]:
        """A project's fund."""
        fund, body = self.state.funds[asked.body["code"]], asked.body
        self.told.add(fund.number)
        fund.state = "open"
        wanted = (asked.number, body["charity"], body["running_permille"])
        yield from self.rows(
            asked, "project", wanted, (fund.number, fund.payee_code, fund.permille)
        )
        fields = {"k": "project", "prj": fund.code, "org": body["charity"], "st": "open"}
        yield from self.entry(asked, fields | {"run": body["running_permille"]})

    def close_project(self, asked: Asked) -> Iterator[Finding]:
        """A project takes no more gifts."""
        fund = self.state.funds[asked.body["code"]]
        fund.state = "gone"
        yield from self.entry(asked, {"k": "project", "prj": fund.code, "st": "gone"})

    def campaign(self, asked: Asked) -> Iterator[Finding]:
        """A campaign's times and channels."""
        campaign = self.state.campaigns[asked.body["code"]]
        self.told.add(campaign.number)
        terms = msgspec.convert(asked.body["terms"], type(campaign.terms))
        found = (campaign.number, campaign.terms)
        yield from self.rows(asked, "campaign", (asked.number, terms), found)
        fields = {"k": "campaign", "rd": campaign.code, "chs": list(terms.channels)}
        yield from self.entry(asked, fields | {"from": terms.opens, "to": terms.closes})

    def pool(self, asked: Asked) -> Iterator[Finding]:
        """A sponsor's money."""
        body, pool = asked.body, self.state.pools[asked.body["code"]]
        campaign = self.state.campaigns[body["campaign"]]
        fields = {"k": "pool", "pool": pool.code, "rd": campaign.code, "cur": "CNY"}
        fields |= {"amt": body["amount"], "how": body["how"]}
        if pool.number == asked.number:
            self.told.add(pool.number)
            back, days = body.get("on_return", "sponsor"), body.get("notice_days", 10)
            found = (pool.campaign, pool.on_return, pool.notice_days)
            yield from self.rows(asked, "pool", (campaign.id, back, days), found)
            fields |= {"back": back, "notice": days}
        source = self.state.pool_account(pool, body["how"])
        transfer = (of_entry(asked.number, 0), source, pool.available, body["amount"])
        yield from self.entry(asked, fields, [transfer])

    def rule(self, asked: Asked) -> Iterator[Finding]:
        """A rule version: its row and its entry hold the very document that was asked for."""
        state, body = self.state, asked.body
        rules = [r for r in state.rules_by_id.values() if r.number == asked.number]
        if len(rules) != 1:
            raise LookupError(f"{len(rules)} rules")
        rule = rules[0]
        self.told.add(rule.number)
        terms = msgspec.convert(body["terms"], RuleTerms)
        first = state.families.get(body["code"])
        version = sum(r.code == rule.code for r in state.campaigns_by_id[rule.campaign].rules) + 1
        wanted = (
            body["code"],
            f"{body['code']}.{version}",
            body["pool"],
            first.id if first else rule.id,
        )
        found = (rule.code, rule.name, rule.pool.code, rule.family)
        yield from self.rows(asked, "rule", wanted, found)
        yield from self.rows(asked, "rule's beginning", minute_seconds(body["from"]), rule.from_s)
        yield from self.rows(asked, "rule's text", document(terms), document(rule.terms))
        state.publish(rule)
        campaign = state.campaigns_by_id[rule.campaign]
        fields = {"k": "rule", "r": wanted[1], "pool": body["pool"], "rd": campaign.code}
        fields |= {"from": body["from"], "h": terms_hash(terms), "terms": document(terms)}
        yield from self.entry(asked, msgspec.json.decode(msgspec.json.encode(fields)))

    # --- money back

    def refund(self, asked: Asked) -> Iterator[Finding]:
        """Money of a deed goes back, and its matches in proportion, unless they were taken back."""
        state, body = self.state, asked.body
        deed, amount = self._deed(body["deed"]), body["amount"]
        done, matches = state.refunded[deed.number], deed.matches
        back, transfers, out = dict[str, int](), list[Transfer](), Out(asked.number)
        channel = next(c for c in state.channels.values() if c.id == deed.channel)
        if deed.held:
            book, kinds = f"channel:{channel.code}", ("suspense", "suspense-refundable")
            sides = [state.account(book, kind, channel.code, deed.asset) for kind in kinds]
            matches = ()
        else:
            fund = state.funds_by_id[deed.project]
            book = f"charity:{fund.payee_code}"
            owned = (("fund", fund.code), ("refundable", channel.code))
            sides = [state.account(book, *each, deed.asset) for each in owned]
            gift = (deed.amount, deed.programme_at, deed.running_at)
            self.lines.give_up(out, fund, gift, done, amount)
        transfers = [(of_entry(asked.number, 0), *sides, amount)]
        parts = [
            0 if deed.number in state.clawed
            else part_returned(m.amount, done, amount, deed.amount)
            for m in matches
        ]  # fmt: skip
        transfers += self._take_back(out, deed, parts, back, first=1)
        yield from self.lines.compare(out)
        state.refunded[deed.number] += amount
        total = sum(back.values())
        stored = self.refunds.take(asked.number)
        yield from self.rows(asked, "refund", [(asked.number, deed.number, amount, total)], stored)
        if not deed.held:
            sums = state.sums[deed.campaign, deed.project]
            sums.refunded += amount
            sums.returned += total
        shown = [{"amt": part, "pool": pool} for pool, part in back.items() if part]
        asset = ASSETS_BY_NUMBER[deed.asset].code
        fields = {"k": "refund", "amt": amount, "cur": asset, "ref": deed.number} | out.told()
        yield from self.entry(asked, fields | ({"m": shown} if shown else {}), transfers)

    def sent(self, asked: Asked) -> Iterator[Finding]:
        """Money that was refunded reached its donor: never more than that."""
        yield from self._owed_no_longer(asked, owed.sent)

    def residue(self, asked: Asked) -> Iterator[Finding]:
        """What could not go back went to another charity: never more than was owed."""
        yield from self._owed_no_longer(asked, owed.residue)

    def _owed_no_longer(self, asked: Asked, derive: owed.Derive) -> Iterator[Finding]:
        deed = self._deed(asked.body["deed"])
        wanted = derive(self.state, deed, asked.number, asked.body)
        yield from self.rows(asked, "repaid", [wanted.row], self.repaid.take(asked.number))
        yield from self.entry(asked, wanted.fields, wanted.transfers)

    def claw_back(self, asked: Asked) -> Iterator[Finding]:
        """All that is left of a gift's matches goes back."""
        state, deed = self.state, self._deed(asked.body["deed"])
        if deed.held or deed.number in state.clawed:
            raise LookupError("nothing to claw back")
        done = state.refunded[deed.number]
        parts = [m.amount - m.amount * done // deed.amount for m in deed.matches]
        back, out = dict[str, int](), Out(asked.number)
        transfers = self._take_back(out, deed, parts, back, first=0)
        yield from self.lines.compare(out)
        state.clawed.add(deed.number)
        total = sum(back.values())
        state.sums[deed.campaign, deed.project].returned += total
        wanted = [(asked.number, deed.number, total)]
        yield from self.rows(asked, "claw-back", wanted, self.clawbacks.take(asked.number))
        let = reviews.ended(state, deed, asked.number)
        yield from self.rows(asked, "review", let, self.reviews.take(asked.number))
        shown = [{"amt": part, "pool": pool} for pool, part in back.items() if part]
        fields = {"k": "clawback", "ref": deed.number} | ({"m": shown} if shown else {})
        yield from self.entry(asked, fields | out.told(), transfers)

    def review(self, asked: Asked) -> Iterator[Finding]:
        """A gift's match is held while a person looks into it, or let go."""
        deed = self._deed(asked.body["deed"])
        row, fields = reviews.review(self.state, deed, asked.number, asked.instruction.kind)
        yield from self.rows(asked, "review", [row], self.reviews.take(asked.number))
        yield from self.entry(asked, fields)

    def spend(self, asked: Asked) -> Iterator[Finding]:
        """The next interval of a project's line is spent, and no more than it has left."""
        fields, transfer = yield from self.lines.spend(asked)
        yield from self.entry(asked, fields, [transfer])

    def _deed(self, number: int) -> Facts:
        deed = self.walk.lookup.deed(number)
        if deed is None:
            raise LookupError(f"no deed {number}")
        return deed

    def _take_back(
        self, out: Out, deed: Facts, parts: list[int], back: dict[str, int], *, first: int
    ) -> list[Transfer]:
        """Say how parts of matches move; sum them up by pool in `back`."""
        state, debt, moved, number = self.state, 0, list[Transfer](), out.number
        fund = state.funds_by_id.get(deed.project)
        for place, (match, part) in enumerate(zip(deed.matches, parts, strict=False), first):
            pool = state.pools_by_id[match.pool]
            back[pool.code] = back.get(pool.code, 0) + part
            if not part or fund is None:
                continue
            to = state.pool_account(pool, "unspent" if pool.closed else "returned")
            source = state.promised(pool, fund)
            if released := state.released.get((pool.id, fund.project)):
                source = state.pool_account(pool, "recoverable", fund.code)
                debt += part
                before = state.recovered[pool.id, fund.project]
                self.lines.give_up(out, fund, released, before, part)
                state.recovered[pool.id, fund.project] += part
            moved.append((of_entry(number, place), source, to, part))
        for place, amount, kinds in (
            (COVER_PLACE, out.covered, ("covered", "fund")),
            (DEBT_PLACE, debt, ("fund", "due-to-sponsor")),
        ):
            if amount and fund:
                book = f"charity:{fund.payee_code}"
                source, to = (state.account(book, kind, fund.code) for kind in kinds)
                moved.append((of_entry(number, place), source, to, amount))
        return moved

    # --- seals, seeds, secrets

    def seal(self, asked: Asked) -> Iterator[Finding]:
        """The totals of a campaign as the walk has them, and a day's persons."""
        state, body = self.state, asked.body
        campaign = state.campaigns[body["campaign"]]
        sums = {
            state.funds_by_id[project].code: {
                "cnt": s.gifts, "don": s.donated, "match": s.matched, "refund": s.refunded,
                "back": s.returned,
            }
            for (of, project), s in state.sums.items()
            if of == campaign.id and s.gifts
        }  # fmt: skip
        fields: dict[str, Any] = {"k": "seal", "rd": campaign.code}
        table = msgspec.json.encode(sums, order="deterministic")
        if len(table) > SUMS_BYTES_MAX:
            fields["sums_hash"] = yield from self._table(asked, table)
        else:
            fields["sums"] = dict(sorted(sums.items()))
        if body.get("day"):
            persons = state.usage.get((campaign.id, day_number(body["day"])), {})
            rows = sorted(
                [hmac.digest(body["salt"], person, "sha256")[:16].hex(), matched]
                for person, matched in persons.items()
            )
            digest = yield from self._table(asked, msgspec.json.encode(rows))
            told = {"h": digest, "cnt": len(rows), "sum": sum(persons.values())}
            fields |= {"day": body["day"], "persons": told}
        yield from self.entry(asked, fields)

    def accounts(self, asked: Asked) -> Iterator[Finding]:
        """The hash of a charity's table of a day."""
        body = asked.body
        digest = yield from self._table(asked, body["table"])
        fields = {"k": "accounts", "org": body["charity"], "day": body["day"], "h": digest}
        yield from self.entry(asked, fields)

    def _table(self, asked: Asked, table: bytes) -> Any:
        """Look for a seal's table; a generator that returns its hash in base64."""
        digest = hashlib.sha256(table).digest()
        if self.tables.get(digest) != table:
            what, where = "table of a seal", f"entry {asked.number}"
            yield Finding("settlement", what, where, digest.hex(), "no such table")
        return encode64(digest)

    def seed(self, asked: Asked) -> Iterator[Finding]:
        """The hash of a seed."""
        state, body = self.state, asked.body
        state.seeds[state.families[body["rule"]].id, day_number(body["day"])] = Seed(
            body["hash"], asked.number
        )
        fields = {"k": "seed", "r": body["rule"], "day": body["day"], "h": encode64(body["hash"])}
        yield from self.entry(asked, fields)

    def reveal(self, asked: Asked) -> Iterator[Finding]:
        """A secret that the log has the hash of, after its last use."""
        state, secret = self.state, asked.body["secret"]
        digest = hashlib.sha256(secret).digest()
        over_s = -1
        for (_, day), seed in state.seeds.items():
            if seed.hash != digest:
                continue
            seed.revealed = asked.number
            ends_s = day_end_s(day)
            if day == SURPRISE:
                ends_s = minute_seconds(msgspec.json.decode(secret, type=Surprise).to)
            over_s = max(over_s, ends_s)
        if over_s < 0:
            raise LookupError("nothing was committed to this secret")
        if asked.at_us // SECOND_US < over_s + REVEAL_SECONDS:
            what, due = "secret revealed too early", minute_text(over_s + REVEAL_SECONDS)
            yield Finding("settlement", what, f"entry {asked.number}", due, asked.minute)
        yield from self.entry(asked, {"k": "reveal", "h": encode64(digest), "s": encode64(secret)})

    # --- the way of a pool

    def freeze(self, asked: Asked) -> Iterator[Finding]:
        """A project is frozen or free again, by an operator or by a hold."""
        fund, is_hold = self.state.funds[asked.body["project"]], asked.body.get("hold", False)
        is_frozen, way = asked.instruction.kind == "freeze", 2 if is_hold else 1
        fund.frozen = fund.frozen | way if is_frozen else fund.frozen & ~way
        fields = {"k": "freeze", "prj": fund.code, "st": "frozen" if is_frozen else "free"}
        yield from self.entry(asked, fields | ({"hold": 1} if is_hold else {}))

    def notice(self, asked: Asked) -> Iterator[Finding]:
        """A pool's notice."""
        pool = self.state.pools[asked.body["pool"]]
        minutes = -(-(asked.at_us // SECOND_US) // MINUTE_SECONDS) * MINUTE_SECONDS
        pool.notice_until = minutes + pool.notice_days * DAY_SECONDS
        until = minute_text(pool.notice_until)
        if asked.at_us // SECOND_US < self.state.campaigns_by_id[pool.campaign].closes_s:
            yield Finding(
                "settlement", "notice before its campaign closed", f"entry {asked.number}"
            )
        yield from self.entry(asked, {"k": "notice", "pool": pool.code, "until": until})

    def close(self, asked: Asked) -> Iterator[Finding]:
        """A pool's rest goes to its sponsor, or is spread over the projects it promised to."""
        state, pool = self.state, self.state.pools[asked.body["pool"]]
        if not pool.notice_until or asked.at_us // SECOND_US < pool.notice_until:
            what, until = "pool closed within its notice", minute_text(pool.notice_until)
            yield Finding("settlement", what, f"entry {asked.number}", until, asked.minute)
        returned = state.pool_account(pool, "returned")
        promised = {
            project: state.balances[account]
            for project, account in pool.promised.items()
            if state.balances[account]
        }
        balances = [state.balances[pool.available], state.balances[returned]]
        rest = sum(balances)
        spread = pool.on_return == "spread" and bool(promised) and rest > 0
        to = state.pool_account(pool, "sharing" if spread else "unspent")
        transfers = [
            (of_entry(asked.number, place), account, to, balance)
            for place, (account, balance) in enumerate(
                zip((pool.available, returned), balances, strict=True)
            )
            if balance
        ]
        pool.closed = True
        fields: dict[str, Any] = {"k": "close", "pool": pool.code, "rest": rest}
        if not spread:
            yield from self.entry(asked, fields | {"to": "sponsor"}, transfers)
            return
        ranked = sorted(promised, key=lambda project: state.funds_by_id[project].code)
        shares = pro_rata([(n, promised[project]) for n, project in enumerate(ranked)], rest)
        window = state.windows[pool.id, SPREAD]
        window.used = window.budget = window.used + rest
        paid = [
            (state.funds_by_id[project], share)
            for project, (_, share) in zip(ranked, shares, strict=True)
        ]
        yield from self.pay_projects(
            asked, pool, 0, paid, transfers, fields | {"to": "projects"}, [[]] * len(paid)
        )

    def pay_projects(
        self,
        asked: Asked,
        pool: Pool,
        rule: int,
        paid: list[tuple[Fund, int]],
        transfers: list[Transfer],
        fields: dict[str, Any],
        extra: list[list[int]],
        last: tuple[dict[str, Any], Transfer | None] = ({}, None),
    ) -> Iterator[Finding]:
        """Check entries that pay projects: fourteen payments an entry, five hundred rows.

        `transfers` belong to the first entry; `last`: fields and transfer of the last one,
        whose number is put in here; `extra` goes between each project's code and amount.
        """
        state, number = self.state, asked.number
        sharing = state.pool_account(pool, "sharing")
        shown, matches, place, ended = list[list[Any]](), list[tuple[int, ...]](), 2, False
        for (fund, amount), more in zip(paid, extra, strict=True):
            shown.append([fund.code, *more, amount])
            ended = False
            if amount:
                id_ = of_entry(number, place)
                transfers.append((id_, sharing, state.promised(pool, fund), amount))
                matches.append((id_, pool.id, rule, amount, BY_SHARE))
                state.sums[pool.campaign, fund.project].matched += amount
                place += 1
            if place == SPREAD_PLACES + 2 or len(shown) == SPREAD_ROWS:
                yield from self._paid(asked, number, fields | {"prj": shown}, transfers, matches)
                shown, matches, transfers, place, ended = [], [], [], 2, True
                number += 1
        more_fields, left = last
        if left:
            transfers.append((of_entry(number, 1), *left[1:]))
        if not ended or more_fields:
            fields = fields | {"prj": shown} | more_fields
            yield from self._paid(asked, number, fields, transfers, matches)

    def _paid(
        self,
        asked: Asked,
        number: int,
        fields: dict[str, Any],
        transfers: list[Transfer],
        matches: list[tuple[int, ...]],
    ) -> Iterator[Finding]:
        yield from self.entry(asked, fields, sorted(transfers), number=number, own=False)
        found = [row[1:] for row in self.walk.matches.take(number)]
        if matches != found:
            where = f"entry {number}"
            yield Finding("settlement", "matches", where, str(matches), str(found))

    def release(self, asked: Asked) -> Iterator[Finding]:
        """What a closed pool promised to a project becomes the charity's money."""
        state, body = self.state, asked.body
        pool, fund = state.pools[body["pool"]], state.funds[body["project"]]
        where = f"entry {asked.number}"
        stopped = fund.frozen or state.reviews[fund.project]
        if not pool.closed or stopped or (pool.id, fund.project) in state.released:
            yield Finding("settlement", "release that may not be", where, found=fund.code)
        promised = state.promised(pool, fund)
        amount = state.balances[promised]
        state.released[pool.id, fund.project] = (amount, fund.programme, fund.running)
        book = f"charity:{fund.payee_code}"
        transfers: list[Transfer] = [
            (of_entry(asked.number, 0), promised,
             state.pool_account(pool, "payable", fund.payee_code), amount),
            (of_entry(asked.number, 1), state.account(book, "due-from-sponsor", pool.code),
             state.account(book, "fund", fund.code), amount),
        ]  # fmt: skip
        wanted = (asked.number, pool.id, fund.project, amount, fund.programme, fund.running)
        stored = self.releases.take(asked.number)
        yield from self.rows(asked, "release", [wanted], stored)
        programme, running = cut_permille(amount, fund.permille)
        fund.programme += programme
        fund.running += running
        fields = {"k": "release", "amt": amount, "org": fund.payee_code, "pool": pool.code}
        yield from self.entry(asked, fields | {"prj": fund.code}, transfers)

    def paid(self, asked: Asked) -> Iterator[Finding]:
        """A sponsor paid a charity."""
        state, body = self.state, asked.body
        pool, org, how = state.pools[body["pool"]], body["charity"], body["how"]
        book = f"charity:{org}"
        payable = state.pool_account(pool, "payable", org)
        transfers: list[Transfer] = [
            (of_entry(asked.number, 0), payable, state.pool_account(pool, how), body["amount"]),
            (of_entry(asked.number, 1), state.account(book, "banked", pool.code),
             state.account(book, "due-from-sponsor", pool.code), body["amount"]),
        ]  # fmt: skip
        if state.balances[payable] < body["amount"]:
            what, due = "paid more than is due", str(state.balances[payable])
            yield Finding("settlement", what, f"entry {asked.number}", due, str(body["amount"]))
        fields = {"k": "paid", "amt": body["amount"], "how": how, "org": org, "pool": pool.code}
        yield from self.entry(asked, fields, transfers)

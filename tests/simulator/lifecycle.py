"""The oracle of what comes after the gift: refunds, claw-backs, closing, release."""

from collections import Counter

from tests.simulator.oracle_books import DAY, Body, Told, minute_of, seconds
from tests.simulator.oracle_closing import Closing
from tests.simulator.rules import share_out


class Lifecycle(Closing):
    """One method an instruction; each returns the code of a refusal, or ""."""

    def _do_refund(self, body: Body, at_s: int, two: bool) -> str:  # noqa: FBT001
        if not two:
            return "needs-two-persons"
        deed = self.deeds.get(body["deed"])
        if deed is None:
            return "unknown-deed"
        if not 0 < body["amount"] <= deed["left"]:
            return "more-than-is-left"
        gone = deed["amount"] - deed["left"]
        after = gone + body["amount"]
        back: Counter[str] = Counter()
        covered = 0
        for _, pool, matched, _ in [] if deed["clawed"] else deed["matches"]:
            part = matched * after // deed["amount"] - matched * gone // deed["amount"]
            back[pool] += part
            covered += self._give_back(pool, deed["project"], part)
        if not deed["held"]:
            lines = self.lines[deed["project"]]
            covered += lines.give_back(deed["entered"], body["amount"])
        deed["left"] -= body["amount"]
        shown = self._shown(back) | {"cov": covered or None}
        self._tell("refund", at_s, amt=body["amount"], ref=body["deed"], **shown)
        return ""

    def _do_claw_back(self, body: Body, at_s: int, two: bool) -> str:  # noqa: FBT001
        if not two:
            return "needs-two-persons"
        deed = self.deeds.get(body["deed"])
        if deed is None or deed["held"]:
            return "unknown-deed"
        if deed["clawed"]:
            return "nothing-to-change"
        back: Counter[str] = Counter()
        covered = 0
        for _, pool, matched, _ in deed["matches"]:
            part = matched - matched * (deed["amount"] - deed["left"]) // deed["amount"]
            back[pool] += part
            covered += self._give_back(pool, deed["project"], part)
        deed["clawed"], deed["reviewed"] = True, False
        shown = self._shown(back) | {"cov": covered or None}
        self._tell("clawback", at_s, ref=body["deed"], **shown)
        return ""

    def _do_hold_match(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        return self._review(body["deed"], at_s, held=True)

    def _do_let_match(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        return self._review(body["deed"], at_s, held=False)

    def _review(self, number: int, at_s: int, *, held: bool) -> str:
        deed = self.deeds.get(number)
        if deed is None or deed["held"]:
            return "unknown-deed"
        if deed["clawed"] or deed["reviewed"] == held:
            return "nothing-to-change"
        deed["reviewed"] = held
        self._tell("review", at_s, ref=number, st="open" if held else "let")
        return ""

    def _shown(self, back: Counter[str]) -> Told:
        shown = [{"amt": amount, "pool": pool} for pool, amount in back.items() if amount]
        return {"m": shown} if shown else {}

    def _do_freeze(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        return self._set_frozen(body["project"], at_s, frozen=True)

    def _do_thaw(self, body: Body, at_s: int, two: bool) -> str:  # noqa: FBT001
        if not two:
            return "needs-two-persons"
        return self._set_frozen(body["project"], at_s, frozen=False)

    def _set_frozen(self, code: str, at_s: int, *, frozen: bool) -> str:
        if self.projects[code]["frozen"] == frozen:
            return "nothing-to-change"
        self.projects[code]["frozen"] = frozen
        self._tell("freeze", at_s, prj=code, st="frozen" if frozen else "free")
        return ""

    def _do_begin_notice(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        pool = self.pools[body["pool"]]
        if pool["closed"]:
            return "pool-closed"
        if at_s < seconds(self.campaigns[pool["campaign"]]["closes"]):
            return "campaign-still-open"
        if pool["notice"]:
            return "nothing-to-change"
        own = {rule["name"] for rule in self.rules if rule["pool"] == body["pool"]}
        waiting = {claim[:2] for claim in self.claims if claim[0] in own}
        for rule in self.rules:
            if rule["name"] in own and rule["terms"]["decided"] == "retro":
                waiting.add((rule["name"], 0))
        if waiting - self.closed:
            return "claims-waiting"
        pool["notice"] = -(-at_s // 60) * 60 + pool["days"] * DAY
        self._tell("notice", at_s, until=minute_of(pool["notice"]))
        return ""

    def _do_close_pool(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        code, pool = body["pool"], self.pools[body["pool"]]
        if pool["closed"]:
            return "pool-closed"
        if not pool["notice"] or at_s < pool["notice"]:
            return "notice-runs"
        rest = pool["available"] + pool["returned"]
        promised = {name: self.promised[code, name] for name in sorted(self.projects)
                    if self.promised[code, name]}  # fmt: skip
        spread = bool(pool["on_return"] == "spread" and promised and rest > 0)
        if spread and any(d["reviewed"] and d["project"] in promised for d in self.deeds.values()):
            return "match-under-review"
        pool["available"], pool["returned"], pool["closed"] = 0, 0, True
        shown: Told = {"rest": rest, "to": "projects" if spread else "sponsor"}
        if spread:
            ranked = list(promised)
            shares = share_out([(at, promised[name]) for at, name in enumerate(ranked)], rest)
            shown["prj"] = [[name, shares[at]] for at, name in enumerate(ranked)]
            for at, name in enumerate(ranked):
                self.promised[code, name] += shares[at]
        self._tell("close", at_s, **shown)
        return ""

    def _do_release(self, body: Body, at_s: int, two: bool) -> str:  # noqa: FBT001
        if not two:
            return "needs-two-persons"
        key = (body["pool"], body["project"])
        if not self.pools[body["pool"]]["closed"]:
            return "pool-not-closed"
        if self.projects[body["project"]]["frozen"]:
            return "project-frozen"
        if any(d["reviewed"] and d["project"] == body["project"] for d in self.deeds.values()):
            return "match-under-review"
        amount = self.promised[key]
        if amount <= 0:
            return "nothing-to-release"
        self.promised[key] = 0
        self.released[key] = self.lines[body["project"]].enter(amount)
        self.pools[body["pool"]]["payable"] += amount
        self._tell("release", at_s, amt=amount, prj=body["project"])
        return ""

    def _do_spend(self, body: Body, at_s: int, two: bool) -> str:  # noqa: FBT001
        if not two:
            return "needs-two-persons"
        lines = self.lines.get(body["project"])
        if lines is None:
            return "unknown-project"
        if not 0 < body["amount"] <= lines.left(body["line"]):
            return "more-than-is-left"
        at = lines.spend(body["line"], body["amount"])
        self._tell("spend", at_s, amt=body["amount"], at=at, prj=body["project"],
                   line=body["line"], ref=body["ref"])  # fmt: skip
        return ""

    def _do_sponsor_paid(self, body: Body, at_s: int, two: bool) -> str:  # noqa: FBT001
        if not two:
            return "needs-two-persons"
        pool, how = self.pools[body["pool"]], body["how"]
        if not 0 < body["amount"] <= min(pool["payable"], pool[how]):
            return "more-than-is-due"
        pool["payable"] -= body["amount"]
        pool[how] -= body["amount"]
        self._tell("paid", at_s, amt=body["amount"], how=how)
        return ""

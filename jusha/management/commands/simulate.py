"""`jusha simulate`: try rules before they are published, on an invented or a recorded day.

What decides is settlement's own decide. It needs no database but for recorded gifts, and
changes nothing.
"""

import gc
import re
import shlex
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg
from django.core.management.base import BaseCommand, CommandError

from jusha.campaigns.days import Shape, shapes
from jusha.config.postgres import PostgresRefusal
from jusha.inbox.connect import connect
from jusha.inbox.envelopes import CODE
from jusha.management.simulation import tables
from jusha.management.simulation.page import Subject, write_page
from jusha.management.simulation.say import Say
from jusha.matching.document import DocumentRefusedError, read_document
from jusha.matching.rules import RuleTerms
from jusha.merkle.commitment import canonical_json
from jusha.merkle.encoding import decode64, encode64
from jusha.money.clock import day_number, day_text, local_day, minute_seconds, minute_text
from jusha.settlement.commitments import digest_of
from jusha.settlement.estimate_day import Candidate, RuleNotTakenError, Scene, estimate
from jusha.settlement.estimate_figures import Figures, figures
from jusha.settlement.scenes import (
    CampaignUnknownError,
    invented,
    opening,
    recorded,
    scaled,
)
from jusha.settlement.secrets import installed

DATE: Final = "2027-09-09"
BOTS_PERMILLE: Final = 20
YUAN: Final = 100
NOT_CODE: Final = re.compile(r"[^A-Za-z0-9._-]+")
CLOCKS: Final = re.compile(r"([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)")
TELL_EVERY_SECONDS: Final = 0.2
TELL_LINE_SECONDS: Final = 5.0
EPILOG: Final = (
    "A candidate of several rules is written a.toml+b.toml; a rule's code is its file's name."
)


class Command(BaseCommand):
    """Prints the comparison; with --out also a page with pictures. A refusal is one sentence."""

    help = "Try rules before they are published: cost, who gains, when the pool runs dry, bots."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.epilog = EPILOG
        parser.add_argument("rule", metavar="RULE.toml", help="the rule to try")
        parser.add_argument(
            "--rule", action="append", default=[], dest="others", metavar="OTHER.toml",
            help="another one to compare it with; may be repeated",
        )  # fmt: skip
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--day", choices=sorted(shapes()), default="2020", help="its shape")
        source.add_argument("--recorded", metavar="CAMPAIGN", help="gifts of this installation")
        parser.add_argument("--scale", type=Fraction, default=Fraction(1, 100), help="of the day")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--date", default="", help=f"of the invented day (default {DATE})")
        parser.add_argument("--pool", type=int, metavar="YUAN", help="default: the day's, scaled")
        parser.add_argument(
            "--scale-rules", action="store_true",
            help="the rules are written for the whole day: scale their budgets and coupons too",
        )  # fmt: skip
        parser.add_argument(
            "--bots", type=int, default=BOTS_PERMILLE, metavar="PERMILLE",
            help="gifts of bots for 1,000 of people's (default %(default)s)",
        )  # fmt: skip
        parser.add_argument("--surprise", metavar="21:09-21:30", help="stands in for the sealed")
        parser.add_argument("--out", type=Path, metavar="FOLDER", help="write a page and pictures")
        parser.add_argument("--language", choices=("zh", "en"), default="zh")

    def handle(self, *_args: object, **options: Any) -> None:
        """Try every candidate on the same gifts."""
        say = Say(options["language"])
        try:
            candidates = _candidates([options["rule"], *options["others"]], say)
            scene, shape = _scene(options, candidates)
            candidates = [_scaled(each, options) for each in candidates]
            candidates = _with_secrets(candidates, scene, options["surprise"])
            began = [terms.window.from_minute for each in candidates for _, terms in each.rules]
            opens_s = opening(scene, began)
            found = [self._try(scene, each, opens_s) for each in candidates]
        except (
            CampaignUnknownError,
            DocumentRefusedError,
            PostgresRefusal,
            RuleNotTakenError,
            OSError,
        ) as refusal:
            raise CommandError(str(refusal)) from refusal
        except psycopg.OperationalError as error:
            raise CommandError(f"The database does not answer: {error}", returncode=2) from error
        subject = _subject(options, scene, shape, found, say, opens_s)
        self._print(found, subject, say)
        if options["out"]:
            written = write_page(options["out"], found, candidates, subject, say)
            self.stdout.write(f"\n{written[0]}")

    def _try(self, scene: Scene, candidate: Candidate, opens_s: int) -> Figures:
        """Estimate one candidate, telling how far it is."""
        live = sys.stderr.isatty()
        began = told = time.monotonic()

        def tell(done: int, of: int) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= (TELL_EVERY_SECONDS if live else TELL_LINE_SECONDS):
                told = now
                line = f"{candidate.name}: {done:,} / {of:,} ({done * 100 // of}%)"
                self.stderr.write(line, ending="\r" if live else "\n")

        running = gc.isenabled()
        gc.disable()  # the collector would walk all gifts again and again, and there is no waste
        try:
            outcome = estimate(scene, candidate, tell)
        finally:
            if running:
                gc.enable()
        took = time.monotonic() - began
        self.stderr.write(f"{candidate.name}: {len(scene.gifts):,} gifts in {took:.1f} s")
        return figures(scene, outcome, opens_s=opens_s)

    def _print(self, found: Sequence[Figures], subject: Subject, say: Say) -> None:
        self.stdout.write(f"{subject.title}\n")
        self.stdout.write(" · ".join(f"{name} {value}" for name, value in subject.facts) + "\n")
        self.stdout.write(f"{subject.assumed}\n\n")
        shown = [tables.summary(found, say, days=subject.days)]
        shown += [tables.by_group(found, say)] if found[0].bots.gifts else []
        self.stdout.write("\n\n".join(tables.text(table) for table in shown))


def _candidates(files: Sequence[str], say: Say) -> list[Candidate]:
    """Read candidates, named by the titles in their rules or else by their files."""
    found: list[Candidate] = []
    for given in files:
        rules = [(_code(path), read_document(path.read_text("utf-8"))) for path in _paths(given)]
        titles = [say(terms.title_zh, terms.title_en) or code for code, terms in rules]
        name = " + ".join(titles)
        if any(name == other.name for other in found):
            name = "+".join(code for code, _ in rules)
        found.append(Candidate(name, tuple(rules)))
    return found


def _paths(given: str) -> list[Path]:
    return [Path(part) for part in given.split("+")]


def _code(path: Path) -> str:
    """Make a rule's code of its file's name. Raises CommandError."""
    code = NOT_CODE.sub("-", path.stem).strip("-._")
    if not CODE.fullmatch(code):
        raise CommandError(f"{path.name}: name the file by the rule's code, such as R1.toml")
    return code


def _scene(options: dict[str, Any], candidates: list[Candidate]) -> tuple[Scene, Shape | None]:
    if options["recorded"]:
        if options["pool"] is None:
            raise CommandError("--recorded needs --pool: the yuan that the pool would have had")
        with connect() as connection:
            scene = recorded(
                connection,
                code=options["recorded"],
                seed=options["seed"],
                pool=options["pool"] * YUAN,
            )
        return scene, None
    shape, scale = shapes()[options["day"]], options["scale"]
    if not 0 < scale <= 1 or not 0 <= options["bots"] <= 1000:  # noqa: PLR2004 - per mille
        raise CommandError("--scale lies between 0 and 1, --bots between 0 and 1000")
    pool = int(shape.pool * scale) if options["pool"] is None else options["pool"] * YUAN
    scene = invented(
        shape,
        date=_date(options["date"], candidates),
        scale=scale,
        seed=options["seed"],
        bots_permille=options["bots"],
        pool=pool,
    )
    return scene, shape


def _date(asked: str, candidates: list[Candidate]) -> str:
    """The day's date: what was asked for, or when a rule for earlier gifts looks back to."""
    if asked:
        try:
            day_number(asked)
        except ValueError as error:
            raise CommandError(f"{asked} is not a date such as {DATE}") from error
        return asked
    sinces = [terms.since for each in candidates for _, terms in each.rules if terms.since]
    return day_text(local_day(minute_seconds(sinces[0]))) if sinces else DATE


def _scaled(candidate: Candidate, options: dict[str, Any]) -> Candidate:
    """Scale what a rule says of the whole day; caps of persons and projects stay as they are."""
    if not options["scale_rules"]:
        return candidate
    scale: Fraction = options["scale"]
    return candidate._replace(
        rules=tuple((code, scaled(terms, scale)) for code, terms in candidate.rules)
    )


def _with_secrets(
    candidates: list[Candidate], scene: Scene, surprise: str | None
) -> list[Candidate]:
    """Give the scene the secret times that rules name: sealed ones, or `surprise`."""
    secrets = dict(scene.secrets)
    replaced = ""
    if surprise:
        found = CLOCKS.fullmatch(surprise)
        if not found:
            raise CommandError("--surprise is written 21:09-21:30")
        begin, end = (
            minute_text(scene.start_s + (int(found[n]) * 60 + int(found[n + 1])) * 60)
            for n in (1, 3)
        )
        secret = canonical_json({"from": begin, "salt": str(scene.seed), "to": end})
        secrets[digest_of(secret)] = secret
        replaced = encode64(digest_of(secret))

    def known(code: str, terms: RuleTerms) -> tuple[str, RuleTerms]:
        named = terms.window.surprise
        if not named:
            return code, terms
        if replaced:
            window = msgspec.structs.replace(terms.window, surprise=replaced)
            return code, msgspec.structs.replace(terms, window=window)
        digest = decode64(named)
        secrets[digest] = installed()[digest]
        return code, terms

    ready = [
        each._replace(rules=tuple(known(code, terms) for code, terms in each.rules))
        for each in candidates
    ]
    scene.secrets = secrets
    return ready


def _subject(
    options: dict[str, Any],
    scene: Scene,
    shape: Shape | None,
    found: Sequence[Figures],
    say: Say,
    opens_s: int,
) -> Subject:
    """Say what was tried on what."""
    all_ = found[0].all
    day = day_text(local_day(scene.start_s))
    facts = [
        (
            (say("形状", "Shape"), say(f"{shape.name} 年", shape.name))
            if shape
            else (say("活动", "Campaign"), options["recorded"])
        ),
        (
            say("日期", "Date"),
            day
            if scene.days == 1
            else say(f"{day} 起 {scene.days} 天", f"{scene.days} days from {day}"),
        ),
        (say("捐赠", "Gifts"), say.number(all_.gifts)),
        (say("金额", "Given"), say.money(all_.given)),
        (say("配捐池", "Pool"), say.money(scene.pool)),
    ]
    if shape:
        facts += [
            (say("比例", "Scale"), str(options["scale"])),
            (say("种子", "Seed"), str(scene.seed)),
            (say("刷捐", "Bots"), f"{options['bots']}‰"),
        ]
    told = shape.told if shape else None
    return Subject(
        title=say("规则试算：", "Trying a rule: ") + say("、", ", ").join(f.name for f in found),
        facts=facts,
        known=say(told.known_zh, told.known_en) if told else "",
        assumed=say(told.assumed_zh, told.assumed_en) + _beside(shape, opens_s, say)
        if shape and told
        else "",
        repeat=_repeat(options),
        days=scene.days,
        opens_s=opens_s,
    )


def _beside(shape: Shape, opens_s: int, say: Say) -> str:
    """Warn of rules that open at another time than the crowd of that year came."""
    if shape.opens_second == opens_s:
        return ""
    crowd, opens = (say.clock(second, seconds=False) for second in (shape.opens_second, opens_s))
    return say(
        f"注意：这一年的人群在 {crowd} 到来，而规则从 {opens} 起配。",
        f" Mind that this year's crowd came at {crowd} and the rules begin at {opens}.",
    )


def _repeat(options: dict[str, Any]) -> str:
    """The command that gives the same again, with files by their names alone."""

    def names(given: str) -> str:
        return "+".join(path.name for path in _paths(given))

    words = ["jusha", "simulate", names(options["rule"])]
    for other in options["others"]:
        words += ["--rule", names(other)]
    if options["recorded"]:
        words += ["--recorded", options["recorded"]]
    else:
        words += ["--day", options["day"], "--scale", str(options["scale"])]
        words += ["--bots", str(options["bots"])]
    words += ["--seed", str(options["seed"])]
    for name in ("pool", "date", "surprise"):
        words += [f"--{name}", str(options[name])] if options[name] else []
    words += ["--scale-rules"] if options["scale_rules"] else []
    return shlex.join(words)

"""The jobs process: what the clock asks for, in one plain loop."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, connections

from jusha.config.metrics import jobs as metrics
from jusha.config.processes import letters
from jusha.config.processes.loop import Stop, run
from jusha.config.processes.why import Why
from jusha.giving.refund_follow import follow_refunds
from jusha.inbox.connect import connect
from jusha.payments.target_rooms import follow_rooms
from jusha.settlement.closer import Closer, ask
from jusha.settlement.jobs import Sealer, keep_raw_partitions

ROUND_SECONDS: Final = 5
ROUNDS_A_SEAL: Final = 12
ROUNDS_AN_HOUR: Final = 60 * ROUNDS_A_SEAL
ROUNDS_A_DAY: Final = 24 * 60 * ROUNDS_A_SEAL

log = structlog.get_logger("jobs")


def work(stop: Stop, why: Why) -> None:
    """Close what is due, seal each minute, follow refunds and receipts, keep partitions."""
    sealer, closer = Sealer(), Closer()
    follow_receipts, find, guard = receipts(), finding(), guarding()
    rounds = 0
    letters.begin(stop)
    with connect(autocommit=True) as connection:
        while not stop:
            now = datetime.now(UTC)
            if rounds % ROUNDS_A_DAY == 0:
                log.info("raw_partitions", dropped=keep_raw_partitions(connection, now))
                let_go(now)
            if rounds % ROUNDS_AN_HOUR == 0:
                sweep_accounts(now)
                ask_for_reports(now)
                tell_certificates(now)
                tell_followers(now)
            if steps := ask(connection, closer.due(connection, now)):
                log.info("closing_steps_asked", count=steps)
                metrics.asked("closing", steps)
            if rounds % ROUNDS_A_SEAL == 0 and (
                seals := ask(connection, sealer.due(connection, now))
            ):
                log.info("seals_asked", count=seals)
                metrics.asked("seal", seals)
            follow_rooms(connection, now)
            order_prepared(now)
            if moved := follow_refunds(connection):
                log.info("refund_cases_moved", count=moved)
            follow_receipts(now, rounds % ROUNDS_AN_HOUR == 0)
            find(now)
            guard(now)
            metrics.round_done()
            why.clear()
            rounds += 1
            stop.wait(ROUND_SECONDS)


def order_prepared(now: datetime) -> None:
    """Make the orders of prepared gifts that are due; what fails is tried in the next round."""
    from jusha.payments.prepare import order_due  # noqa: PLC0415 - models

    try:
        order_due(now)
    except (OperationalError, InterfaceError) as error:
        log.warning("prepared_not_ordered", error=str(error).strip())
        connections.close_all()


def receipts() -> Callable[[datetime, bool], None]:
    """What brings receipts up to their gifts; what fails is tried in the next round."""
    from django.conf import settings  # noqa: PLC0415 - the role is chosen before they are read

    from jusha.giving.receipt_rounds import ReceiptRounds  # noqa: PLC0415 - models

    rounds = ReceiptRounds(settings.HOME, mode=settings.JUSHA_MODE)

    def follow(now: datetime, whole: bool) -> None:  # noqa: FBT001 - the loop's own
        try:
            if moved := rounds.round(now, whole=whole):
                log.info("receipts_moved", count=moved)
        except (OperationalError, InterfaceError) as error:
            log.warning("receipts_not_followed", error=str(error).strip())
            connections.close_all()

    return follow


def finding() -> Callable[[datetime], None]:
    """What keeps the index of search up to date; what fails is tried in the next round."""
    from jusha.finding.sweep import Sweep  # noqa: PLC0415 - models

    sweep = Sweep()

    def find(now: datetime) -> None:
        try:
            if read := sweep.round(now):
                log.info("found_anew", count=read)
        except (OperationalError, InterfaceError) as error:
            log.warning("index_not_swept", error=str(error).strip())
            connections.close_all()

    return find


def guarding() -> Callable[[datetime], None]:
    """What looks for abuse of matches; what fails is tried in the next round."""
    from jusha.guarding.scan import scan  # noqa: PLC0415 - models

    def guard(now: datetime) -> None:
        try:
            if read := scan(now):
                log.info("looked_for_abuse", entries=read)
        except (OperationalError, InterfaceError) as error:
            log.warning("abuse_not_looked_for", error=str(error).strip())
            connections.close_all()

    return guard


def let_go(now: datetime) -> None:
    """Delete personal data whose time is over; what fails waits a day."""
    from django.utils.timezone import localdate  # noqa: PLC0415 - models

    from jusha.giving.erase_again import let_go_daily  # noqa: PLC0415 - models
    from jusha.guarding.devices import forget_devices  # noqa: PLC0415 - as above
    from jusha.guarding.scan import forget_traces  # noqa: PLC0415 - as above
    from jusha.oversight import forget  # noqa: PLC0415 - as above
    from jusha.oversight.help import forget_old  # noqa: PLC0415 - as above

    try:
        gone = {**let_go_daily(now), **forget.let_go(now), "help": forget_old(now)}
        gone |= {"devices": forget_devices(today=localdate(now)), "traces": forget_traces(now)}
        log.info("personal_data_let_go", **gone)
    except (OperationalError, InterfaceError) as error:
        log.warning("personal_data_not_let_go", error=str(error).strip())
    finally:
        connections.close_all()


def tell_certificates(now: datetime) -> None:
    """Show certificates that began, tell charities whose certificate ends; what fails waits."""
    from django.conf import settings  # noqa: PLC0415 - as above
    from django.utils.timezone import localdate  # noqa: PLC0415 - as above

    from jusha.charities.certify import show_numbers  # noqa: PLC0415 - models
    from jusha.charities.tell_expiry import tell_expiry  # noqa: PLC0415 - as above
    from jusha.giving.tell_donors import tell_certificate_ended  # noqa: PLC0415 - as above
    from jusha.inbox.connect import django_connection  # noqa: PLC0415 - as above

    try:
        show_numbers(localdate(now))
        tell_expiry(now, settings.JUSHA_EXPIRY_DAYS)
        if told := tell_certificate_ended(django_connection(), localdate(now)):
            log.info("certificate_ended_told", donors=told)
    except (OperationalError, InterfaceError) as error:
        log.warning("certificates_not_told", error=str(error).strip())
    finally:
        connections.close_all()


def tell_followers(now: datetime) -> None:
    """Give followers their day's digest, once a day; what fails waits an hour."""
    from jusha.stories.digest import tell_digests  # noqa: PLC0415 - models

    try:
        tell_digests(now)
    except (OperationalError, InterfaceError) as error:
        log.warning("followers_not_told", error=str(error).strip())
    finally:
        connections.close_all()


def ask_for_reports(now: datetime) -> None:
    """Bring pages up to the day, write down what has to be published, draft for emergencies.

    What fails waits an hour.
    """
    from django.utils.timezone import localdate  # noqa: PLC0415 - models

    from jusha.projects.page import restate_begun  # noqa: PLC0415 - as above
    from jusha.projects.plan_disclosures import plan_all  # noqa: PLC0415 - as above
    from jusha.projects.remind_disclosures import remind  # noqa: PLC0415 - as above
    from jusha.web.report_drafts import draft_emergencies  # noqa: PLC0415 - as above

    try:
        today = localdate(now)
        restate_begun(today)
        planned, drafted = plan_all(today=today), draft_emergencies(today=today)
        log.info("reports_asked", planned=planned, drafted=drafted, told=remind(now))
    except (OperationalError, InterfaceError) as error:
        log.warning("reports_not_asked", error=str(error).strip())
    finally:
        connections.close_all()


def sweep_accounts(now: datetime) -> None:
    """Erase accounts never signed in to and sessions that ended; what fails waits an hour."""
    from jusha.people.accounts import sweep_sessions, sweep_unused  # noqa: PLC0415 - models

    try:
        log.info("accounts_swept", accounts=sweep_unused(now=now), sessions=sweep_sessions(now=now))
    except (OperationalError, InterfaceError) as error:
        log.warning("accounts_not_swept", error=str(error).strip())
    finally:
        connections.close_all()


if __name__ == "__main__":
    run("jobs", "web", work, gives_way=True)

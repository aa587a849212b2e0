"""Simulated donors give as people do, and the door can read what they send."""

import json
import random

from jusha.door.messages import Keys
from jusha.door.signature import is_authentic, is_fresh
from jusha_sandbox.traffic import CHANNEL, PAUSE_SECONDS, Donors, message, rate_at
from jusha_sandbox.wire import signed_headers

PROJECTS = ["hot", "cold", "mild"]
KEYS = Keys(deed=b"d" * 32, person=b"p" * 32)


def test_the_door_reads_every_gift_and_no_two_have_one_id() -> None:
    chance = random.Random(1)
    gifts = [message(chance, 7, "day", PROJECTS) for _ in range(500)]
    deeds = [KEYS.read_deed(CHANNEL, json.dumps(gift).encode()) for gift in gifts]
    assert len({deed.key for deed in deeds}) == len(deeds)
    assert {deed.project for deed in deeds} == set(PROJECTS)
    assert all(deed.amount >= 100 and deed.campaign == "day" for deed in deeds)


def test_some_donors_give_often_and_the_first_project_gets_more_than_half() -> None:
    chance = random.Random(1)
    people = Donors(chance)
    donors = [people.next(second) for second in range(2_000)]
    gifts = [message(chance, donor, "day", PROJECTS) for donor in donors]
    assert max(map(donors.count, set(donors))) > 20 * len(donors) / len(set(donors))
    assert sum(gift["project"] == "hot" for gift in gifts) > len(gifts) / 2


def test_gifts_rush_after_each_full_minute_and_never_stop() -> None:
    rates = [rate_at(float(second), 6.0) for second in range(1_200)]
    assert min(rates) > 0
    assert all(rates[minute] > rates[minute + 59] for minute in range(0, 1_200, 60))


def test_what_the_sandbox_signs_is_what_the_door_asks_for() -> None:
    secret, body = bytes(32), b'{"id":"x"}'
    headers = signed_headers(secret, path="/door/v1/deeds", channel=CHANNEL, body=body)
    said = {"method": "POST", "path": "/door/v1/deeds", "channel": CHANNEL}
    timestamp = headers["jusha-timestamp"]
    given = headers["jusha-signature"]
    assert is_authentic(secret, given, **said, timestamp=timestamp, body=body)
    assert not is_authentic(secret, given, **said, timestamp=timestamp, body=body + b" ")
    assert is_fresh(timestamp, float(timestamp))


def test_nobody_gives_faster_than_a_hand_does_however_many_come_at_once() -> None:
    donors, last = Donors(random.Random(1)), dict[int, float]()
    for place in range(5_000):
        now = place / 200  # as a demo fills itself
        donor = donors.next(now)
        assert now - last.get(donor, -PAUSE_SECONDS) >= PAUSE_SECONDS
        last[donor] = now
    assert len(last) < 5_000, "some come again"

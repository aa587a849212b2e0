"""What chaos draws from its seed, and what its witnesses of the outcome would find."""

import json
from itertools import pairwise

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.workload import Workload
from jusha.management.chaos.deliveries import DEED, ORDER, Post, Scene, plan_posts
from jusha.management.chaos.faults import all_faults
from jusha.management.chaos.ground import ROLES, SHIM_SOURCE
from jusha.management.chaos.observer import Observer
from jusha.management.chaos.schedule import OVERLAP, draw
from jusha.merkle.checkpoint import Checkpoint, format_checkpoint
from jusha.merkle.note import LogSigner, sign_note
from jusha.merkle.tiles import grow
from jusha.merkle.tree import root

SCENE = Scene("rail", "day", ("a", "b", "c"))
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
WORKLOAD = Workload(gifts_total=2_000, days=1, projects=3, persons=300)


def test_a_seed_is_a_schedule_and_another_seed_another() -> None:
    faults = all_faults()
    told = [[str(each) for each in draw(faults, seed=seed, seconds=360)] for seed in (7, 7, 8)]
    assert told[0] == told[1] != told[2]


def test_every_kind_of_fault_comes_before_any_comes_again_and_all_end_in_time() -> None:
    faults = all_faults()
    planned = draw(faults, seed=3, seconds=2_000)
    names = [each.fault.name for each in planned]
    assert set(names[: len(faults)]) == {fault.name for fault in faults}
    assert len({fault.name for fault in faults}) == len(faults)
    assert all(0 < each.begins_s <= each.ends_s <= 2_000 for each in planned)
    meeting = sum(a.ends_s > b.begins_s for a, b in pairwise(planned))
    assert 0 < meeting < 3 * OVERLAP * len(planned), "some faults meet, most come alone"


def test_every_gift_is_delivered_and_a_repeat_has_the_bytes_of_the_first() -> None:
    posts = plan_posts(SCENE, WORKLOAD, seed=5, rate_per_second=100)
    assert posts == sorted(posts, key=lambda post: post.due_s)
    bodies: dict[str, set[bytes]] = {}
    for post in posts:
        bodies.setdefault(post.name, set()).add(post.body)
    assert {len(each) for each in bodies.values()} == {1}
    sent = {name for post in posts if post.path != ORDER for name in post.name.split()}
    assert sent == {gift[0] for gift in WORKLOAD.gifts()}
    deeds = [post for post in posts if post.path == DEED]
    assert sum(post.copies for post in deeds) > len({post.name for post in deeds}), "repeats"
    firsts = [post.name for post in deeds]
    assert firsts != sorted(firsts), "out of order"


def test_a_payment_waits_until_its_order_is_accepted() -> None:
    posts = plan_posts(SCENE, WORKLOAD, seed=5, rate_per_second=100)
    paid: list[tuple[Post, Post]] = [(post, post.before) for post in posts if post.before]
    assert paid
    for deed, order in paid:
        said, agreed = json.loads(deed.body), json.loads(order.body)
        assert said["order"] == agreed["no"]
        assert said["amount"] == agreed["amount"]


def note_of(size: int, entries: list[bytes], signer: LogSigner) -> bytes:
    hashes = grow(old_size=0, entries=entries[:size], read_tile=lambda _: None).leaf_hashes
    checkpoint = Checkpoint("test.invalid/log", size, root(hashes))
    return sign_note(format_checkpoint(checkpoint), signers=[signer])


def observed(notes: list[bytes], entries: list[bytes], signer: LogSigner) -> list[str]:
    observer = Observer(port=1)
    observer.seen = dict.fromkeys(notes)
    files: dict[str, bytes] = {}
    for size in (40, 70, 100):  # the partial tiles of each published size stay
        files |= grow(old_size=0, entries=entries[:size], read_tile=lambda _: None).files
    return observer.differences(signer.vkey, files.get)


def test_the_observer_finds_a_checkpoint_that_is_no_prefix_and_a_log_that_shrinks() -> None:
    signer = LogSigner(name="test.invalid/log", private_key=KEY)
    entries = [f"entry {n}".encode() for n in range(100)]
    other = [f"other {n}".encode() for n in range(100)]
    a, b, c = (note_of(size, entries, signer) for size in (40, 70, 100))
    assert observed([a, b, c], entries, signer) == []
    assert "no prefix" in observed([a, note_of(70, other, signer), c], entries, signer)[0]
    assert "shrink" in observed([b, a, c], entries, signer)[0]
    assert "two roots" in observed([b, note_of(70, other, signer), c], entries, signer)[0]


def test_a_note_that_a_fault_has_cut_is_refused_and_not_held_against_the_log() -> None:
    signer = LogSigner(name="test.invalid/log", private_key=KEY)
    entries = [f"entry {n}".encode() for n in range(100)]
    whole = note_of(100, entries, signer)
    assert observed([whole[:50], whole], entries, signer) == []


def test_the_shim_names_every_role_that_the_ground_steers() -> None:
    source = SHIM_SOURCE.read_text()
    assert all(f'"{role}"}}' in source for role in ROLES)

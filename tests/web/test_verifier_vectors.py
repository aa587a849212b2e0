"""The browser verifier and verify.py give one verdict on every file, with WebCrypto and without.

The second Chromium opens the page at an address without TLS, where browsers hide `crypto.subtle`,
as some do for pages opened from a file: there only the page's own Ed25519 decides.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, Route

from jusha.merkle import commitment, note
from jusha.merkle.encoding import encode64
from jusha.web.verifier import verifier
from tests.merkle import logs
from tests.web.chromium import MARKS, launched
from verify import verify

pytestmark = MARKS
LOG = logs.small_log(tuple(logs.leaf(n) for n in range(6)))
ALONE = f"log {logs.LOG.vkey.text}\nquorum none\n"
ORDER = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19
ADDRESSES = {"with-webcrypto": "https://verify.example/", "ours-alone": "http://verify.example/"}

Case = tuple[bytes, str]


@pytest.fixture(scope="module")
def pages() -> Iterator[dict[str, Page]]:
    """The verifier in one Chromium, by how its browser can help."""

    def serve(route: Route) -> None:
        route.fulfill(body=verifier(vkey=logs.LOG.vkey.text).body, content_type="text/html")

    with launched() as browser:
        context = browser.new_context()
        context.route("**/*", serve)
        found = {}
        for name, url in ADDRESSES.items():
            found[name] = context.new_page()
            found[name].goto(url)
        yield found


@pytest.fixture(params=list(ADDRESSES))
def tab(request: pytest.FixtureRequest, pages: dict[str, Page]) -> Page:
    """One of the two."""
    return pages[request.param]


def b64(data: bytes) -> str:
    return b64encode(data).decode()


def in_browser(page: Page, cases: list[Case]) -> list[tuple[str, str, str]]:
    """Verdict, Chinese reason and English reason of each file under its policy."""
    asked = [[b64(data), b64(trust.encode())] for data, trust in cases]
    found = page.evaluate(
        """async (cases) => {
            const told = [];
            for (const [data, trust] of cases) {
                const text = new TextDecoder().decode(fromBase64(trust));
                const { verdict, reason, facts } = await judge(fromBase64(data), text);
                const words = ["zh-Hans", "en"].map((language) =>
                    reason ? fill(WORDS[language].reasons[reason], facts) : "");
                told.push([verdict, ...words]);
            }
            return told;
            function fromBase64(text) {
                return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            }
        }""",
        asked,
    )
    return [tuple(each) for each in found]


def in_python(data: bytes, trust: str) -> tuple[str, str, str]:
    """The same by verify.py; its English may have more to it."""
    try:
        verify.check_receipt(data, verify.parse_policy(trust.encode()))
    except verify.NotProvenError as refusal:
        return "refused", *_halves(refusal)
    except verify.CannotCheckError as refusal:
        return "unable", *_halves(refusal)
    return "proven", "", ""


def _halves(refusal: Exception) -> tuple[str, str]:
    chinese, _, english = str(refusal).partition(" / ")
    return chinese, english


def disagreements(page: Page, cases: list[Case]) -> list[Any]:
    """The cases on which the two differ, in verdict or in words."""
    found = []
    for (data, trust), said in zip(cases, in_browser(page, cases), strict=True):
        other = in_python(data, trust)
        if said[:2] != other[:2] or not other[2].startswith(said[2]):
            found.append((data[:60], trust[-60:], said, other))
    return found


def extra(raw: bytes | None, index: int = 3) -> bytes:
    return LOG.proof(index, extra=raw).to_bytes()


def shared(leaf: bytes, index: int = 3) -> bytes:
    return extra(b'{"leaf":' + leaf + b"}", index)


def opened(leaf: bytes = LOG.entries[3], **changes: Any) -> bytes:
    """A receipt to keep, with something else in it."""
    fields: dict[str, Any] = {"private": logs.PRIVATE, "r": encode64(logs.R)} | changes
    rest = commitment.canonical_json(fields)[1:]
    return extra(b'{"leaf":' + leaf + b"," + rest)


def alone(leaf: dict[str, Any]) -> bytes:
    """The receipt of a log whose only entry is this, however odd."""
    entry = verify.canonical_json(leaf)
    return logs.small_log((entry,)).proof(0, extra=b'{"leaf":' + entry + b"}").to_bytes()


def resigned(text: str, *lines: note.Signature) -> bytes:
    """Receipt 3 with another checkpoint text, signed by the log all the same."""
    signed = note.add_signatures(note.sign_note(text, signers=[logs.LOG]), signatures=lines)
    return logs.SmallLog(LOG.entries, signed).shared(3)


def another_log(**changes: Any) -> bytes:
    return logs.small_log(LOG.entries, **changes).kept(1)


def odd_files() -> dict[str, bytes]:
    """The proof file itself, cut, changed and misspelt."""
    kept, told = LOG.kept(3), LOG.shared(3)
    lines = told.split(b"\n")
    path = b"\n".join(lines[3:6])
    return {
        "kept": kept,
        "shared": told,
        "index-higher": told.replace(b"index 3", b"index 4"),
        "index-beyond": told.replace(b"index 3", b"index 6"),
        "index-huge": told.replace(b"index 3", b"index 9223372036854775808"),
        "index-largest": told.replace(b"index 3", b"index 9223372036854775807"),
        "index-zero-ahead": told.replace(b"index 3", b"index 03"),
        "index-signed": told.replace(b"index 3", b"index -3"),
        "no-index": told.replace(b"index 3\n", b""),
        "other-header": told.replace(b"proof@v1", b"proof@v2"),
        "carriage-returns": told.replace(b"\n", b"\r\n"),
        "path-empty": told.replace(path + b"\n", b""),
        "path-short": told.replace(lines[5] + b"\n", b""),
        "path-long": told.replace(lines[5], lines[5] + b"\n" + lines[5]),
        "path-endless": told.replace(path, b"\n".join([lines[5]] * 64)),
        "path-swapped": told.replace(path, b"\n".join([lines[4], lines[3], lines[5]])),
        "path-of-zeros": told.replace(lines[3], b64(bytes(32)).encode()),
        "path-64-bytes": told.replace(lines[3], b64(bytes(64)).encode()),
        "path-no-padding": told.replace(lines[3], lines[3].rstrip(b"=")),
        "path-urlsafe": told.replace(lines[3], b"_" * 43 + b"="),
        "path-loose-bits": told.replace(lines[3], b"A" * 42 + b"B="),
        "not-ascii": told.replace(b"index", "索引".encode()),
        "empty": b"",
        "newline": b"\n",
        "noise": b"\xff" * 300,
        "too-large": b"c2sp.org/tlog-proof@v1\n" + b"x" * 1_000_000,
    }


def odd_records() -> dict[str, bytes]:
    """Records and openings that are not the log's, or not written as the log writes."""
    return {
        "no-record": extra(None),
        "empty-record": extra(b""),
        "other-leaf": extra(commitment.share_extra(leaf=LOG.entries[2])),
        "other-amount": shared(logs.leaf(3, amt=200_000)),
        "other-project": shared(logs.leaf(3, prj="P2026-0018")),
        "no-match": shared(logs.leaf(3, m=[])),
        "pretty": extra(logs.pretty(commitment.share_extra(leaf=LOG.entries[3]))),
        "byte-order-mark": extra(b"\xef\xbb\xbf" + commitment.share_extra(leaf=LOG.entries[3])),
        "null": extra(b"null"),
        "list": extra(b"[]"),
        "leaf-is-a-list": shared(b"[]"),
        "more-fields": extra(b'{"leaf":' + LOG.entries[3] + b',"more":1}'),
        "secret-missing": extra(b'{"leaf":' + LOG.entries[3] + b',"private":{}}'),
        "float": shared(b'{"n":1.0}'),
        "half": shared(b'{"n":1.5}'),
        "exponent": shared(b'{"n":1e+21}'),
        "too-big-integer": shared(b'{"n":9007199254740992}'),
        "endless-integer": shared(b'{"n":' + b"9" * 5_000 + b"}"),
        "minus-zero": shared(b'{"n":-0}'),
        "not-a-number": shared(b'{"n":NaN}'),
        "lone-surrogate": shared(b'{"k":"\\ud800"}'),
        "escaped-letter": shared(b'{"k":"\\u0061"}'),
        "escaped-slash": shared(b'{"k":"\\/"}'),
        "twice-the-key": shared(b'{"k":"a","k":"b"}'),
        "key-not-ascii": shared('{"键":1}'.encode()),
        "deep": shared(b"[" * 50_000 + b"]" * 50_000),
        "other-name": opened(private=logs.PRIVATE | {"name": "王芳"}),
        "other-secret": opened(r=encode64(bytes(32))),
        "secret-short": opened(r=encode64(bytes(31))),
        "secret-in-a-list": opened(r=[encode64(logs.R)]),
        "secret-is-a-number": opened(r=7),
        "private-is-text": opened(private="x"),
        "no-commitment": opened(leaf=b'{"k":"don"}'),
        "unknown-kind": alone({"v": 1, "k": "秘", "n": 7}),
        "number-elsewhere": alone({"v": 1, "k": "don", "n": 7}),
        "number-missing": alone({"v": 1, "k": "don"}),
        "number-is-text": alone({"v": 1, "k": "don", "n": "0"}),
        "number-is-false": alone({"v": 1, "k": "don", "n": False}),
        "version-is-true": alone({"v": True, "k": "don", "n": 0}),
        "version-two": alone({"v": 2, "k": "don", "n": 0}),
        "kind-is-a-number": alone({"v": 1, "k": 3, "n": 0}),
        "controls-in-text": alone({"v": 1, "k": '\x00\x7f\u2028\u202e"\\😀', "n": 0}),
        "proto": alone({"v": 1, "k": "don", "n": 0, "__proto__": {"v": 2}, "10": 1, "9": 2}),
    }


def odd_notes() -> dict[str, bytes]:
    """Checkpoints changed after signing, and signed though they are wrong."""
    kept = LOG.kept(3)
    text = LOG.checkpoint.decode().partition("\n\n")[0] + "\n"
    false = note.Signature(logs.UNIVERSITY.vkey.name, logs.UNIVERSITY.vkey.key_id, bytes(72))
    short = note.Signature(logs.LOG.vkey.name, logs.LOG.vkey.key_id, bytes(63))
    stranger = note.Signature("stranger.example", b"\0\1\2\3", b"?")
    auditor = logs.small_log(LOG.entries, cosigners=(logs.UNIVERSITY, logs.AUDITOR))
    broken = bytearray(auditor.kept(1))
    broken[-2000] ^= 1
    return {
        "larger-size": kept.replace(b"\n6\n", b"\n7\n"),
        "size-of-zeros": kept.replace(b"\n6\n", b"\n06\n"),
        "cut-short": kept[:-1],
        "one-line-more": kept + b"\n",
        "no-signature": kept[: kept.rindex(b"\n\n") + 2],
        "hyphen-for-dash": kept.replace("—".encode(), b"-"),
        "control-in-note": kept.replace(b"\n6\n", b"\n6\t\n"),
        "not-utf8-note": kept + b"\xff\n",
        "size-zero": resigned(f"{logs.ORIGIN}\n0\n{b64(hashlib.sha256().digest())}\n"),
        "two-lines": resigned(f"{logs.ORIGIN}\n6\n"),
        "extension": resigned(f"{text}more\n"),
        "other-root": resigned(f"{logs.ORIGIN}\n6\n{b64(bytes(32))}\n"),
        "root-short": resigned(f"{logs.ORIGIN}\n6\n{b64(bytes(31))}\n"),
        "false-witness": resigned(text, false),
        "stranger": resigned(text, stranger),
        "signature-short": resigned(text, short),
        "sixty-signatures": resigned(text, *[stranger] * 63),
        "too-many-signatures": resigned(text, *[stranger] * 64),
        "no-witness": another_log(cosigners=()),
        "one-witness": another_log(cosigners=(logs.UNIVERSITY,)),
        "post-quantum-witness": auditor.kept(1),
        "post-quantum-false": bytes(broken),
        "other-origin": another_log(origin="other.example/log"),
    }


def odd_policies() -> dict[str, str]:
    """Policies that believe somebody else, or cannot be read."""
    other = note.LogSigner(name=logs.ORIGIN, private_key=logs.ed25519("other")).vkey.text
    renamed = note.LogSigner(name="other.example/log", private_key=logs.ed25519("log")).vkey.text
    return {
        "other-key": f"log {other}\nquorum none\n",
        "key-of-other-log": f"log {renamed}\nquorum none\n",
        "witness-as-log": f"log {logs.UNIVERSITY.vkey.text}\nquorum none\n",
        "key-cut": f"log {logs.LOG.vkey.text[:-4]}\nquorum none\n",
        "key-id-wrong": ALONE.replace(logs.LOG.vkey.text.split("+")[1], "00000000"),
        "nothing": "",
        "comments": "# a\n\n",
        "no-quorum-line": logs.POLICY.replace("quorum both\n", ""),
        "quorum-left-out": ALONE.replace("quorum none\n", ""),
        "quorum-unknown": ALONE.replace("none", "all"),
        "quorum-twice": ALONE + "quorum none\n",
        "log-twice": ALONE + ALONE.split("\n", maxsplit=1)[0],
        "tabs": ALONE.replace(" ", "\t"),
        "carriage-return": ALONE.replace("\n", "\r\n"),
        "delete-character": ALONE + "# \x7f\n",
        "wide-space": ALONE.replace("log ", "log\u3000"),
        "threshold-too-high": logs.POLICY.replace("all university", "3 university"),
        "threshold-two": logs.POLICY.replace("all university", "2 university"),
        "threshold-zero": logs.POLICY.replace("all university", "0 university"),
        "member-twice": logs.POLICY.replace("university press", "newspaper press"),
        "name-twice": logs.POLICY.replace("witness newspaper", "witness university"),
        "too-long": ALONE + "#" * 300_000,
    }


def by_hand() -> dict[str, Case]:
    """Every odd file under a policy with witnesses and under one without; every odd policy."""
    files = odd_files() | odd_records() | odd_notes()
    cases = {name: (data, logs.POLICY) for name, data in files.items()}
    cases |= {f"{name}-alone": (data, ALONE) for name, data in files.items()}
    policies = {f"policy-{name}": (LOG.kept(3), trust) for name, trust in odd_policies().items()}
    return cases | policies


HAND = by_hand()


def test_both_verifiers_agree_on_every_case_made_by_hand(tab: Page) -> None:
    assert len(HAND) > 150
    assert disagreements(tab, list(HAND.values())) == []
    verdicts = {name: in_python(*case)[0] for name, case in HAND.items()}
    assert {"refused", "unable", "proven"} == set(verdicts.values())
    assert verdicts["post-quantum-witness"] == "proven"
    assert verdicts["version-is-true"] == verdicts["number-is-false"] == "refused"


def test_one_changed_bit_in_any_line_of_the_file_is_refused_by_both(tab: Page) -> None:
    data = LOG.kept(2)
    cases = []
    for at in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[at] ^= 1 << (at % 8)
        cases.append((bytes(damaged), logs.POLICY))
    assert disagreements(tab, cases) == []
    assert {verdict for verdict, *_ in in_browser(tab, cases)} == {"refused"}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5), st.integers(0, 2_000), st.integers(0, 40), st.binary(max_size=40)
        ),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=25)
def test_both_agree_on_files_with_a_run_of_bytes_replaced(
    pages: dict[str, Page], runs: list[tuple[int, int, int, bytes]]
) -> None:
    cases = []
    for index, start, length, instead in runs:
        data = LOG.kept(index)
        at = start % len(data)
        cases.append((data[:at] + instead + data[at + length :], logs.POLICY))
    assert disagreements(pages["ours-alone"], cases) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.lists(JSON, min_size=1, max_size=10), st.booleans())
@settings(max_examples=25)
def test_both_read_every_json_alike(
    pages: dict[str, Page],
    values: list[Any],
    escaped: bool,  # noqa: FBT001
) -> None:
    cases = []
    for value in values:
        raw = json.dumps(
            {"k": "seal", "v": 1, "x": value},
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=escaped,
        ).encode("utf-8", "surrogatepass")
        log = logs.small_log((raw,))
        cases.append((log.proof(0, extra=b'{"leaf":' + raw + b"}").to_bytes(), ALONE))
    assert disagreements(pages["ours-alone"], cases) == []


# --- the arithmetic underneath --------------------------------------------------------------------

RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
            "b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
            "1d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
            "c6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]
"""RFC 8032 section 7.1, tests 1 to 3: public key, message, signature."""


def odd_points() -> list[bytes]:
    """Points of small order in every spelling, numbers that are no point, and the base point."""
    order_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
    other_8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
    numbers = [0, 1, 2, P - 1, P, P + 1, 2**255 - 1]
    numbers += [int.from_bytes(bytes.fromhex(each), "little") for each in (order_8, other_8)]
    numbers += [int.from_bytes(b"\x58" + b"\x66" * 31, "little")]
    return [(number | sign << 255).to_bytes(32, "little") for number in numbers for sign in (0, 1)]


def signatures() -> list[tuple[bytes, bytes, bytes]]:
    """Key, signature, message: right, wrong and odd (after Wycheproof and speccheck)."""
    found = [tuple(map(bytes.fromhex, (key, sig, text))) for key, text, sig in RFC_8032]
    key, sig, text = found[2]
    s = int.from_bytes(sig[32:], "little")
    scalars = (s + ORDER, s + 2 * ORDER, ORDER, ORDER - 1, 0, 2**256 - 1, -s % ORDER)
    found += [(key, sig[:32] + each.to_bytes(32, "little"), text) for each in scalars]
    for bit in (0, 100, 255, 256, 400, 504, 511):
        damaged = bytearray(sig)
        damaged[bit // 8] ^= 1 << (bit % 8)
        found.append((key, bytes(damaged), text))
    for point in odd_points():
        found += [(point, r + bytes(32), bytes([number])) for r in (point, odd_points()[2])
                  for number in range(4)]  # fmt: skip
        found += [(key, point + sig[32:], text), (point, sig, text)]
    base = b"\x58" + b"\x66" * 31
    found.append((odd_points()[2], base + (1).to_bytes(32, "little"), b"any message"))
    return found  # type: ignore[return-value]


def openssl_says(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_our_ed25519_judges_right_wrong_and_odd_signatures_as_openssl(tab: Page) -> None:
    cases = signatures()
    asked = [[b64(part) for part in case] for case in cases]
    found = tab.evaluate(
        """async (cases) => {
            const told = [];
            for (const parts of cases) {
                const [key, signature, message] = parts.map((each) => decode64(each));
                told.push([isSignedByOurs(key, signature, message),
                    await isSignedByBrowsers(key, signature, message)]);
            }
            return told;
        }""",
        asked,
    )
    expected = [openssl_says(*case) for case in cases]
    assert [ours for ours, _ in found] == expected
    assert expected.count(True) > 20
    if tab.url == ADDRESSES["with-webcrypto"]:
        both = [(ours, theirs) for ours, theirs in found if theirs is not None]
        assert len(both) > 100
        assert [pair for pair in both if pair[0] != pair[1]] == []
    else:
        assert {theirs for _, theirs in found} == {None}


def test_a_browser_that_computes_otherwise_leaves_it_open(pages: dict[str, Page]) -> None:
    page = pages["with-webcrypto"]
    page.evaluate("window.keep = isSignedByBrowsers; isSignedByBrowsers = async () => false")
    assert in_browser(page, [(LOG.kept(3), ALONE)])[0][0] == "unable"
    page.evaluate("isSignedByBrowsers = keep")
    assert in_browser(page, [(LOG.kept(3), ALONE)])[0][0] == "proven"


def test_our_hashes_are_the_standard_ones(pages: dict[str, Page]) -> None:
    messages = [
        bytes([length % 251]) * length for length in (*range(0, 300, 9), 55, 56, 111, 112, 5_000)
    ]
    found: Callable[..., Any] = pages["ours-alone"].evaluate
    told = found(
        """(messages) => messages.map((each) => {
            const bytes = decode64(each);
            return [hex(sha256(bytes)), hex(sha512(bytes)), hex(take256(300, bytes))];
        })""",
        [b64(each) for each in messages],
    )
    assert told == [
        [
            hashlib.sha256(each).hexdigest(),
            hashlib.sha512(each).hexdigest(),
            hashlib.shake_256(each).hexdigest(300),
        ]
        for each in messages
    ]


def test_our_ml_dsa_takes_what_was_signed_and_nothing_else(pages: dict[str, Page]) -> None:
    cases, expected = [], []
    for number in range(4):
        private = MLDSA44PrivateKey.from_seed_bytes(bytes([number]) * 32)
        key, message = private.public_key().public_bytes_raw(), bytes([number]) * (number * 70)
        right = private.sign(message)
        tries = [(key, right, message), (key, right, message + b"x")]
        for at in (0, 31, 32, 700, 2335, 2336, 2400, 2416, 2419):
            damaged = bytearray(right)
            damaged[at] ^= 1 << (number + at % 4)
            tries.append((key, bytes(damaged), message))
        cases += tries
        expected += [True] + [False] * (len(tries) - 1)
    found = pages["ours-alone"].evaluate(
        "(cases) => cases.map((parts) => isSignedMldsa44(...parts.map((each) => decode64(each))))",
        [[b64(part) for part in case] for case in cases],
    )
    assert found == expected

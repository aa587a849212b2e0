"""Check a Jusha receipt offline: is it in the public log? 核对聚沙收据是否在公开日志里.

One file on purpose: it needs Python 3.11 and the package `cryptography`, nothing of Jusha and no
network, so a donor, a newspaper or an auditor can keep it, read it and run it years later.

    python verify.py receipt.tlog-proof --policy policy.txt
    python verify.py receipt.tlog-proof --vkey "example.org/log+530d903a+AekyeR..."

It prints what was proven, or 不能证明 / NOT PROVEN and why. Exit code 0: proven. 1: not proven.
2: the check could not be made (wrong call, unreadable file, unusable policy).

Formats: c2sp.org/tlog-proof, tlog-checkpoint, signed-note, tlog-cosignature and tlog-policy; trees
by RFC 6962, their verification by RFC 9162 section 2.1.3.2. A policy without any witness may leave
its quorum line out.
"""

import argparse
import base64
import datetime as dt
import hashlib
import json
import re
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # said in words here, because the reader may not know Python
    sys.stderr.write("无法核对 / CANNOT CHECK: please run: pip install cryptography\n")
    sys.exit(2)

try:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
except ImportError:  # an older cryptography still checks everything but ML-DSA witnesses
    MLDSA44PublicKey = None  # type: ignore[assignment,misc]

HASH_BYTES = 32
MAX_FILE_BYTES = 1_000_000
MAX_POLICY_BYTES = 256 * 1024
MAX_PATH_HASHES = 63
MAX_SIGNATURES = 64
MAX_NUMBER = (1 << 63) - 1
MAX_JSON_INTEGER = (1 << 53) - 1
MAX_ENTRY_BYTES = 65_535
COMMIT_DOMAIN = b"jusha-commit/v1\n"
ED25519, COSIGN_ED25519, COSIGN_MLDSA44 = 0x01, 0x04, 0x06
KEY_BYTES = {ED25519: 32, COSIGN_ED25519: 32, COSIGN_MLDSA44: 1312}
SIGNATURE_BYTES = {ED25519: 64, COSIGN_ED25519: 72, COSIGN_MLDSA44: 2428}
DASH = "\u2014 "
BEIJING = dt.timezone(dt.timedelta(hours=8))


def _table(text: str) -> dict[str, str]:
    """Rows of `code words;` as code -> words in Chinese and English."""
    return dict(row.strip().split(" ", 1) for row in text.split(";"))


# A deed's number is its place in the log; seals, batches and notices count otherwise in `n`.
DEEDS = _table("""don 捐赠 gift; refund 退款 refund; repaid 退款到账 refund delivered;
reverse 冲正 reversal; release 配捐拨付 match released; payout 拨款 payout; expense 支出 expense;
goods_in 物资入库 goods received; goods_out 物资出库 goods handed out;
hours 志愿时长 volunteer time; railfee 支付手续费 payment fee""")
NOTICES = _table("""rule 规则 rule; seed 随机种子 random seed; draw 抽取 draw;
seal 封账汇总 seal of totals; batch 批量记录 batch; key 密钥更换 key rotation;
redact 删除说明 redaction notice""")
BOUNDS = _table("""rule 规则比例 the rule itself; person-day 每人每日上限 the daily cap per person;
person-campaign 每人活动上限 the campaign cap per person; project 项目上限 the cap of the project;
charity 机构上限 the cap of the charity; window 时段额度 the money of the time window;
dry 配捐池余额 what was left in the pool; held 待核对 held for a check; none 不予配捐 no match""")


class NotProvenError(Exception):
    """The file does not prove what it says; the reason in Chinese and English."""


class CannotCheckError(Exception):
    """The check could not be made at all; the reason in Chinese and English."""


@dataclass(frozen=True)
class Key:
    """A verifier key: name, signature type, raw public key."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name || newline || type || key)."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public)[:4]


@dataclass
class Policy:
    """Trusted logs, named witnesses, groups (threshold, members) in order, the quorum's name."""

    logs: list[Key] = field(default_factory=list)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str | None = None


@dataclass(frozen=True)
class Proof:
    """The proof file, taken apart and not yet believed."""

    index: int
    path: list[bytes]
    extra: bytes
    note: bytes


@dataclass(frozen=True)
class Proven:
    """What a receipt proved."""

    leaf: dict[str, Any]
    private: dict[str, Any] | None
    index: int
    origin: str
    size: int
    witnesses: dict[str, int]


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def need(condition: object, otherwise: str) -> None:
    """Raise ValueError unless the condition holds."""
    if not condition:
        raise ValueError(otherwise)


def decode64(text: str, size: int | None = None) -> bytes:
    """Canonical standard base64 (one spelling for each value) of `size` bytes, or ValueError."""
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "base64 is not canonical")
    need(size in (None, len(data)), f"not {size} bytes")
    return data


def decode_number(text: str) -> int:
    """A decimal number 0..2^63-1 without sign or leading zero, or ValueError."""
    need(re.fullmatch(r"0|[1-9][0-9]{0,18}", text, re.ASCII), "not a plain number")
    need(int(text) <= MAX_NUMBER, "a number is too large")
    return int(text)


def is_number(value: object, number: int) -> bool:
    """Whether a JSON value is this number; true and false are none, though Python counts them."""
    return type(value) is int and value == number


def is_name(name: str) -> bool:
    """Whether a key name may stand in a note: no space, no plus, no control character."""
    return bool(name) and not any(c.isspace() or c == "+" or c < " " for c in name)


# --- the policy -----------------------------------------------------------------------------------


def parse_key(text: str) -> Key:
    """A key in its one-line form, or ValueError."""
    name, key_id, typed = text.split("+", 2)
    blob = decode64(typed)
    key = Key(name, blob[0] if blob else 0, blob[1:])
    need(is_name(name), "a bad key name")
    need(KEY_BYTES.get(key.kind) == len(key.public), "an unknown key type or wrong key length")
    need(key.key_id.hex() == key_id, "the key id does not fit the key")
    return key


def parse_policy(data: bytes) -> Policy:
    """A C2SP tlog-policy, or CannotCheckError."""
    if len(data) > MAX_POLICY_BYTES or re.search(rb"[^\t\n\x20-\x7e\x80-\xff]", data):
        raise CannotCheckError("信任文件过大或有控制字符 / the policy is too long or has controls")
    policy = Policy()
    for number, line in enumerate(data.split(b"\n"), start=1):
        text = line.decode("utf-8", "surrogateescape").replace("\t", " ")
        words = [word for word in text.split(" ") if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            _read_policy_line(policy, words)
        except ValueError as error:
            raise CannotCheckError(
                f"信任文件第 {number} 行有误 / policy line {number} is wrong: {error}"
            ) from error
    if not policy.logs:
        raise CannotCheckError("信任文件没有写日志公钥 / the policy names no log")
    if policy.quorum is None:
        if policy.witnesses:
            raise CannotCheckError("信任文件没有 quorum 行 / the policy has no quorum line")
        policy.quorum = "none"
    return policy


def _read_policy_line(policy: Policy, words: list[str]) -> None:
    verb, rest = words[0], words[1:]
    if verb == "log" and len(rest) in (1, 2):
        key = parse_key(rest[0])
        need(key.kind == ED25519, "not a log's key")
        need(key.public not in [known.public for known in policy.logs], "the same log twice")
        policy.logs.append(key)
    elif verb == "witness" and len(rest) in (2, 3):
        key = parse_key(rest[1])
        need(key.kind != ED25519, "not a witness key")
        witnesses = policy.witnesses.values()
        need(key.public not in [known.public for known in witnesses], "the same witness twice")
        _need_new_name(policy, rest[0])
        policy.witnesses[rest[0]] = key
    elif verb == "group" and len(rest) >= len(("name", "threshold", "member")):
        _read_group(policy, rest[0], rest[1], rest[2:])
    elif verb == "quorum" and len(rest) == 1 and policy.quorum is None:
        known_names = ("none", *policy.witnesses, *policy.groups)
        need(rest[0] in known_names, "the quorum is not defined above")
        policy.quorum = rest[0]
    else:
        raise ValueError("not a log, witness, group or (single) quorum line")


def _need_new_name(policy: Policy, name: str) -> None:
    need(name not in ("none", *policy.witnesses, *policy.groups), "a name is defined twice")


def _read_group(policy: Policy, name: str, threshold: str, members: list[str]) -> None:
    _need_new_name(policy, name)
    taken = [member for _, group in policy.groups.values() for member in group]
    for place, member in enumerate(members):
        need(member in policy.witnesses or member in policy.groups, "a member is not defined above")
        need(member not in (*taken, *members[:place]), "a name is a member twice")
    words = {"all": len(members), "any": 1}
    need(threshold in words or re.fullmatch("[1-9][0-9]{0,3}", threshold), "a bad threshold")
    needed = words.get(threshold) or int(threshold)
    need(needed <= len(members), "the threshold is larger than the group")
    policy.groups[name] = (needed, members)


# --- the proof file and its checkpoint ------------------------------------------------------------


def parse_proof(data: bytes) -> Proof:
    """Take a proof file apart, or NotProvenError."""
    if len(data) > MAX_FILE_BYTES:
        raise NotProvenError("文件超过 1 MB，不是收据 / the file is larger than 1 MB")
    if b"\r" in data:
        raise NotProvenError(
            "换行被改过，请重新下载 / line endings were changed: download it again"
        )
    head, empty_line, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
        need(empty_line and lines.pop(0) == "c2sp.org/tlog-proof@v1", "not a tlog-proof file")
        extra = b""
        if lines and lines[0].startswith("extra "):
            extra = decode64(lines.pop(0)[len("extra ") :])
        need(lines and lines[0].startswith("index "), "no index line")
        index = decode_number(lines.pop(0)[len("index ") :])
        need(len(lines) <= MAX_PATH_HASHES, "more hashes than any tree is high")
        path = [decode64(line, HASH_BYTES) for line in lines]
    except ValueError as error:
        raise NotProvenError(f"文件不是完整的收据 / not a whole proof file: {error}") from error
    return Proof(index, path, extra, note)


def verify_checkpoint(note: bytes, policy: Policy) -> tuple[str, int, bytes, dict[str, int]]:
    """Origin, size, root and cosigning witnesses of a trusted checkpoint, or NotProvenError."""
    try:
        text, signatures = _split_note(note)
        origin, size, root = _read_checkpoint(text)
    except ValueError as error:
        raise NotProvenError(f"检查点格式不对 / the checkpoint is malformed: {error}") from error
    logs = {(key.name, key.key_id): key for key in policy.logs if key.name == origin}
    if not logs:
        raise NotProvenError(
            f"信任文件里没有这个日志 / the policy does not know the log {show(origin)}"
        )
    names = {(key.name, key.key_id): name for name, key in policy.witnesses.items()}
    log_signed = False
    cosigners: dict[str, int] = {}
    for signer, payload in signatures:
        if signer in logs:
            _verify_signature(logs[signer], payload, text, (origin, size, root))
            log_signed = True
        elif signer in names:
            key = policy.witnesses[names[signer]]
            stamp = _verify_signature(key, payload, text, (origin, size, root))
            cosigners[names[signer]] = max(stamp, cosigners.get(names[signer], 0))
    if not log_signed:
        raise NotProvenError("没有日志的有效签名 / there is no valid signature by the log")
    if not quorum_reached(policy, set(cosigners)):
        raise NotProvenError(f"见证人不够 / not enough witnesses: {len(cosigners)} cosigned")
    return origin, size, root, cosigners


def quorum_reached(policy: Policy, cosigners: set[str]) -> bool:
    """Whether these witnesses fulfil the policy's quorum; groups count in the file's order."""
    seen = set(cosigners)
    for name, (needed, members) in policy.groups.items():
        if len(seen.intersection(members)) >= needed:
            seen.add(name)
    return policy.quorum == "none" or policy.quorum in seen


def _split_note(note: bytes) -> tuple[str, list[tuple[tuple[str, bytes], bytes]]]:
    """The note's text and its signatures as ((name, key id), payload), or ValueError."""
    whole = note.decode()
    need(not any(c < " " and c != "\n" for c in whole), "control characters")
    text, empty_line, tail = whole.rpartition("\n\n")
    lines = tail.split("\n")
    need(empty_line and lines.pop() == "", "no signature, or the last line is cut short")
    need(0 < len(lines) <= MAX_SIGNATURES, "no signature or too many")
    signatures = []
    for line in lines:
        need(line.startswith(DASH), "a signature line does not begin with a dash")
        name, blob = line[len(DASH) :].split(" ")
        need(is_name(name), "a bad key name")
        signatures.append(((name, decode64(blob)[:4]), decode64(blob)[4:]))
    return text + "\n", signatures


def _read_checkpoint(text: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint's text, or ValueError."""
    lines = text[:-1].split("\n")
    need(all(lines), "an empty line")
    origin, size, root, *_extensions = lines
    return origin, decode_number(size), decode64(root, HASH_BYTES)


def _verify_signature(
    key: Key, payload: bytes, text: str, checkpoint: tuple[str, int, bytes]
) -> int:
    """Return the cosignature's time in seconds (0 for a log's signature), or NotProvenError."""
    stamp, message, signature = 0, text.encode(), payload
    try:
        need(len(payload) == SIGNATURE_BYTES[key.kind], "a signature has the wrong length")
        if key.kind != ED25519:
            stamp, signature = struct.unpack(">Q", payload[:8])[0], payload[8:]
            need(stamp <= MAX_NUMBER, "a timestamp is out of range")
            message = _cosigned_message(key, stamp, text, checkpoint)
        _verify_bytes(key, signature, message)
    except (InvalidSignature, ValueError) as error:
        raise NotProvenError(f"签名无效 / not a valid signature: {show(key.name)}") from error
    except UnsupportedAlgorithm as error:
        raise CannotCheckError("cryptography 太旧 / this cryptography lacks ML-DSA-44") from error
    return stamp


def _verify_bytes(key: Key, signature: bytes, message: bytes) -> None:
    if key.kind != COSIGN_MLDSA44:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    elif MLDSA44PublicKey is None:
        raise UnsupportedAlgorithm("ML-DSA-44")
    else:
        MLDSA44PublicKey.from_public_bytes(key.public).verify(signature, message)


def _cosigned_message(key: Key, stamp: int, text: str, checkpoint: tuple[str, int, bytes]) -> bytes:
    if key.kind == COSIGN_ED25519:
        return f"cosignature/v1\ntime {stamp}\n{text}".encode()
    origin, size, root = checkpoint
    name, log = key.name.encode(), origin.encode()
    return (
        b"subtree/v1\n\0"
        + (bytes([len(name)]) + name + struct.pack(">Q", stamp))
        + (bytes([len(log)]) + log + struct.pack(">QQ", 0, size) + root)
    )


def verify_inclusion(proof: Proof, leaf_hash: bytes, size: int, root: bytes) -> None:
    """Return only if the leaf stands at the proof's index under the root, else NotProvenError."""
    fn, sn, result = proof.index, size - 1, leaf_hash
    ok = fn <= sn
    for sibling in proof.path:
        if sn == 0:
            ok = False
            break
        if fn & 1 or fn == sn:
            result = sha256(b"\x01" + sibling + result)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            result = sha256(b"\x01" + result + sibling)
        fn, sn = fn >> 1, sn >> 1
    if not ok or sn != 0 or result != root:
        raise NotProvenError("记录不在日志的这个位置 / the record is not at this place in the log")


# --- the receipt ----------------------------------------------------------------------------------


def canonical_json(value: object) -> bytes:
    """The RFC 8785 bytes of a value read by `parse_json`."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def parse_json(data: bytes) -> Any:
    """JSON in its canonical spelling, without floats, or ValueError."""
    value = json.loads(
        data.decode(),
        object_pairs_hook=_ascii_keys,
        parse_float=_refuse,
        parse_constant=_refuse,
        parse_int=_small_int,
    )
    need(canonical_json(value) == data, "not canonical JSON")
    return value


def _ascii_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    need(all(key.isascii() for key, _ in pairs), "a key is not ASCII")
    return dict(pairs)


def _refuse(text: str) -> Any:
    raise ValueError(f"{text[:20]} is not an integer")


def _small_int(text: str) -> int:
    need(abs(int(text)) <= MAX_JSON_INTEGER, "an integer is too large")
    return int(text)


def read_receipt(extra: bytes) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The leaf and the private part (None in a shared receipt), or NotProvenError."""
    if not extra:
        raise NotProvenError("文件里没有这笔记录的内容 / the file does not carry the record")
    try:
        value = parse_json(extra)
        need(isinstance(value, dict) and isinstance(value.get("leaf"), dict), "no leaf")
        leaf, private = value["leaf"], value.get("private")
        if value.keys() == {"leaf"}:
            return leaf, None
        need(value.keys() == {"leaf", "private", "r"}, "neither a shared nor a private receipt")
        need(isinstance(private, dict), "the private part is not an object")
        r = decode64(str(value["r"]), 32)
        commitment = decode64(str(leaf.get("cm")), HASH_BYTES)
    except (ValueError, RecursionError) as error:
        raise NotProvenError(f"记录格式不对 / the record is malformed: {error}") from error
    if sha256(COMMIT_DOMAIN + r + canonical_json(private)) != commitment:
        raise NotProvenError("私密部分与承诺不符 / the private part does not fit the commitment")
    return leaf, private


def check_receipt(data: bytes, policy: Policy) -> Proven:
    """What a receipt proves under a policy. Raises NotProvenError, CannotCheckError."""
    proof = parse_proof(data)
    leaf, private = read_receipt(proof.extra)
    entry = canonical_json(leaf)
    if len(entry) > MAX_ENTRY_BYTES:
        raise NotProvenError("记录过长 / the record is longer than a log entry can be")
    origin, size, root, cosigners = verify_checkpoint(proof.note, policy)
    verify_inclusion(proof, sha256(b"\x00" + entry), size, root)
    if not is_number(leaf.get("v"), 1) or not isinstance(leaf.get("k"), str):
        raise NotProvenError("记录的版本不认识 / the record is of an unknown version")
    if leaf["k"] in DEEDS and not is_number(leaf.get("n"), proof.index):
        raise NotProvenError("编号与位置不同 / the record's number is not its place in the log")
    return Proven(leaf, private, proof.index, origin, size, cosigners)


# --- in words -------------------------------------------------------------------------------------


def show(value: object) -> str:
    """Text safe to print: nothing invisible that could steer a terminal or turn text around."""
    text = str(value) if isinstance(value, (str, int)) else "?"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)[:200]


def amount_in_words(amount: object, currency: object) -> str:
    """An integer amount with its unit; money counts in hundredths (fen, cents)."""
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 0:
        return f"{show(amount)} ?"
    if currency == "CNY":
        return f"{amount // 100:,}.{amount % 100:02d} 元 (CNY)"
    if currency in ("USD", "HKD"):
        return f"{amount // 100:,}.{amount % 100:02d} {currency}"
    return f"{amount:,} {show(currency)}"


def minute_in_words(minute: object) -> str:
    """A leaf's minute in Beijing time and as it stands in the log."""
    text = show(minute)
    try:
        need(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", text, re.ASCII), "not a minute")
        beijing = dt.datetime.fromisoformat(text).astimezone(BEIJING)
    except (ValueError, OverflowError):
        return text
    return f"北京时间 {beijing:%Y-%m-%d %H:%M} (UTC {text})"


def match_in_words(match: object, currency: object) -> str:
    """One match: amount, pool, rule version and what bounded it."""
    if not isinstance(match, dict):
        return show(match)
    amount = amount_in_words(match.get("amt"), currency)
    pool, rule, by = (show(match.get(name)) for name in ("pool", "r", "by"))
    bound = BOUNDS.get(by, "?")
    return f"{amount}，配捐池 pool {pool}，规则 rule {rule}，取决于 decided by: {bound} ({by})"


def proven_in_words(proven: Proven, policy: Policy) -> list[str]:
    """What was proven, and what was not, line by line in Chinese and English."""
    leaf, kind = proven.leaf, str(proven.leaf["k"])
    lines = [
        "已证明：这条记录在公开日志里，一个字也没有改过。",
        "PROVEN: this record is in the public log, unchanged.",
        f"  类型 kind: {(DEEDS | NOTICES).get(kind, '其他 other')} ({show(kind)})",
    ]
    facts = {
        "amt": f"金额 amount: {amount_in_words(leaf.get('amt'), leaf.get('cur'))}",
        "prj": f"项目 project: {show(leaf.get('prj'))}",
        "t": f"时间 minute: {minute_in_words(leaf.get('t'))}",
        "ref": f"关联编号 refers to deed: {show(leaf.get('ref'))}",
    }
    lines += [f"  {words}" for name, words in facts.items() if name in leaf]
    matches = leaf.get("m")
    if isinstance(matches, list) and matches:
        lines += [f"  配捐 match: {match_in_words(each, leaf.get('cur'))}" for each in matches]
    elif kind == "don":
        lines.append("  配捐 match: 无 none")
    lines.append(f"  位置 place in the log: {proven.index}")
    lines.append(f"  日志 log: {show(proven.origin)}，共 {proven.size} 条 entries")
    opening = "未附在收据里 not in this receipt"
    if proven.private is not None:
        names = ", ".join(show(name) for name in sorted(proven.private))
        opening = f"与公开承诺一致 fits the public commitment ({names})"
    lines.append(f"  私密部分 private part: {opening}")
    lines += [f"  见证 witness: {show(name)} {_when(at)}" for name, at in proven.witnesses.items()]
    if policy.quorum == "none":
        lines.append("  未要求见证：不能排除另有一份给别人看的日志。 No witness was required:")
        lines.append("  a second version of the log, shown to others, is not excluded.")
    lines.append("  收据不证明钱花到了哪里。 A receipt does not show where the money went.")
    return lines


def _when(seconds: int) -> str:
    try:
        return f"{dt.datetime.fromtimestamp(seconds, tz=dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, OSError, ValueError):
        return str(seconds)


# --- the command ----------------------------------------------------------------------------------


def read_file(path: str, limit: int) -> bytes:
    """At most `limit` + 1 bytes of a file, or CannotCheckError."""
    try:
        with Path(path).open("rb") as file:
            return file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise CannotCheckError(
            f"读不了文件 / cannot read {show(path)}: {show(str(error))}"
        ) from error


def run(arguments: list[str]) -> int:
    """Run the command: print the result, return the exit code 0, 1 or 2."""
    parser = argparse.ArgumentParser(
        prog="verify.py", description="核对聚沙收据 / Check a Jusha receipt, offline."
    )
    parser.add_argument("receipt", help="收据文件 / the .tlog-proof file")
    trust = parser.add_mutually_exclusive_group(required=True)
    trust.add_argument("--policy", help="信任文件 / a C2SP tlog-policy file")
    trust.add_argument("--vkey", help="日志公钥 / the log's key; no witness required")
    options = parser.parse_args(arguments)
    try:
        if options.policy is not None:
            policy = parse_policy(read_file(options.policy, MAX_POLICY_BYTES))
        else:
            line = f"log {options.vkey}\nquorum none\n"
            policy = parse_policy(line.encode("utf-8", "surrogateescape"))
        proven = check_receipt(read_file(options.receipt, MAX_FILE_BYTES), policy)
    except NotProvenError as refusal:
        print(f"不能证明 / NOT PROVEN: {refusal}")
        return 1
    except CannotCheckError as refusal:
        print(f"无法核对 / CANNOT CHECK: {refusal}", file=sys.stderr)
        return 2
    print("\n".join(proven_in_words(proven, policy)))
    return 0


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot show Chinese must not turn a proof into a traceback.
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))

"""The trust policy: which logs are believed, and how many witnesses must agree.

Source: c2sp.org/tlog-policy. One leniency of ours: a policy without any witness may leave its
quorum line out, which then reads as `quorum none`, so that a single `log` line is a policy.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from jusha.merkle.checkpoint import Checkpoint, parse_checkpoint
from jusha.merkle.errors import (
    NoteUnsignedError,
    PolicyMalformedError,
    QuorumNotReachedError,
    VkeyMalformedError,
)
from jusha.merkle.note import (
    COSIGNATURE_ED25519,
    COSIGNATURE_MLDSA44,
    ED25519,
    Vkey,
    parse_note,
    parse_vkey,
    verify_signatures,
)

MAX_POLICY_BYTES = 256 * 1024
MAX_NAMES = 64  # of logs, witnesses and groups each; the standard asks for at least 32
NO_QUORUM = "none"
_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,3}")
_GROUP_MIN_ARGUMENTS = 3


@dataclass(frozen=True, slots=True)
class Group:
    """A named group: at least `threshold` of `members` must have witnessed."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Trusted logs, named witnesses and groups, and the name whose witnessing is required.

    `urls` has the submission prefix of each witness whose line tells one.
    """

    logs: tuple[Vkey, ...]
    witnesses: dict[str, Vkey] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str = NO_QUORUM
    urls: dict[str, str] = field(default_factory=dict)

    def is_reached(self, cosigners: Iterable[str]) -> bool:
        """Whether these witness names fulfil the quorum."""
        seen = set(cosigners)
        for name, group in self.groups.items():  # in the file's order: members come first
            if sum(member in seen for member in group.members) >= group.threshold:
                seen.add(name)
        return self.quorum == NO_QUORUM or self.quorum in seen


@dataclass(frozen=True, slots=True)
class TrustedCheckpoint:
    """A checkpoint that a policy accepts: by which logs' keys, cosigned by whom and when.

    `cosigners` maps witness names of the policy to POSIX seconds of their latest cosignature.
    """

    checkpoint: Checkpoint
    log_keys: tuple[Vkey, ...]
    cosigners: dict[str, int]


def parse_policy(data: bytes | str) -> Policy:
    """Read a policy file. Raises PolicyMalformedError."""
    raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    if len(raw) > MAX_POLICY_BYTES:
        raise PolicyMalformedError(f"longer than {MAX_POLICY_BYTES} bytes")
    if _FORBIDDEN.search(raw):
        raise PolicyMalformedError("control characters")
    reader = _PolicyReader()
    for number, line in enumerate(raw.split(b"\n"), start=1):
        # Names are opaque bytes; surrogateescape keeps odd ones apart and whole.
        words = line.decode("utf-8", "surrogateescape").replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            reader.read(words)
        except (PolicyMalformedError, VkeyMalformedError, UnicodeEncodeError) as error:
            raise PolicyMalformedError(f"line {number}: {error}") from error
    return reader.policy()


def verify_checkpoint(data: bytes, *, policy: Policy) -> TrustedCheckpoint:
    """Return the checkpoint only if a trusted log signed it and the witness quorum cosigned it.

    The origin must be the name of the log's key. Raises NoteMalformedError,
    CheckpointMalformedError, SignatureInvalidError, NoteUnsignedError, QuorumNotReachedError,
    SignatureUnsupportedError.
    """
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    logs = [vkey for vkey in policy.logs if vkey.name == checkpoint.origin]
    if not logs:
        raise NoteUnsignedError(f"the policy knows no log named {checkpoint.origin!r}")
    names = {vkey: name for name, vkey in policy.witnesses.items()}
    verified = verify_signatures(note, known=[*logs, *names])
    log_keys = tuple(dict.fromkeys(each.vkey for each in verified if each.vkey in logs))
    if not log_keys:
        raise NoteUnsignedError("no signature by the log itself")
    cosigners: dict[str, int] = {}
    for each in verified:
        if each.timestamp is not None:
            name = names[each.vkey]
            cosigners[name] = max(each.timestamp, cosigners.get(name, 0))
    if not policy.is_reached(cosigners):
        raise QuorumNotReachedError(f"{len(cosigners)} witnesses, quorum {policy.quorum}")
    return TrustedCheckpoint(checkpoint, log_keys, cosigners)


class _PolicyReader:
    """Collects the lines of a policy and refuses each as soon as it is wrong."""

    def __init__(self) -> None:
        self.logs: list[Vkey] = []
        self.witnesses: dict[str, Vkey] = {}
        self.groups: dict[str, Group] = {}
        self.urls: dict[str, str] = {}
        self.members: set[str] = set()
        self.quorum: str | None = None

    def read(self, words: list[str]) -> None:
        """Take one line that is not empty and not a comment."""
        verb, *rest = words
        if verb == "log" and len(rest) in (1, 2):
            self._add_log(parse_vkey(rest[0]))
        elif verb == "witness" and len(rest) in (2, 3):
            self._add_witness(rest[0], parse_vkey(rest[1]))
            self.urls.update((rest[0], url) for url in rest[2:])
        elif verb == "group" and len(rest) >= _GROUP_MIN_ARGUMENTS:
            self._add_group(rest[0], rest[1], tuple(rest[2:]))
        elif verb == "quorum" and len(rest) == 1:
            self._set_quorum(rest[0])
        else:
            raise PolicyMalformedError("not a log, witness, group or quorum line")

    def policy(self) -> Policy:
        """The whole policy, once every line was read."""
        quorum = self.quorum
        if quorum is None:
            if self.witnesses:
                raise PolicyMalformedError("there are witnesses but no quorum line")
            quorum = NO_QUORUM
        return Policy(tuple(self.logs), self.witnesses, self.groups, quorum, self.urls)

    def _add_log(self, vkey: Vkey) -> None:
        if vkey.kind != ED25519:
            raise PolicyMalformedError("a log's key must be of type 1")
        if any(vkey.public_key == known.public_key for known in self.logs):
            raise PolicyMalformedError("two logs share a public key")
        if len(self.logs) >= MAX_NAMES:
            raise PolicyMalformedError("too many logs")
        self.logs.append(vkey)

    def _add_witness(self, name: str, vkey: Vkey) -> None:
        self._check_new_name(name)
        if vkey.kind not in (COSIGNATURE_ED25519, COSIGNATURE_MLDSA44):
            raise PolicyMalformedError("a witness key must be of type 4 or 6")
        if any(vkey.public_key == known.public_key for known in self.witnesses.values()):
            raise PolicyMalformedError("two witnesses share a public key")
        self.witnesses[name] = vkey

    def _add_group(self, name: str, threshold: str, members: tuple[str, ...]) -> None:
        self._check_new_name(name)
        for member in members:
            if member not in self.witnesses and member not in self.groups:
                raise PolicyMalformedError("a group names someone not defined before")
            if member in self.members:
                raise PolicyMalformedError("a name is a member twice")
            self.members.add(member)
        words = {"all": len(members), "any": 1}
        if threshold not in words and not _THRESHOLD.fullmatch(threshold):
            raise PolicyMalformedError("the threshold is not all, any or a number")
        count = words.get(threshold) or int(threshold)
        if count > len(members):
            raise PolicyMalformedError("the threshold is larger than the group")
        self.groups[name] = Group(count, members)

    def _set_quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise PolicyMalformedError("two quorum lines")
        if name != NO_QUORUM and name not in self.witnesses and name not in self.groups:
            raise PolicyMalformedError("the quorum names someone not defined before")
        self.quorum = name

    def _check_new_name(self, name: str) -> None:
        if name == NO_QUORUM or name in self.witnesses or name in self.groups:
            raise PolicyMalformedError("a name is defined twice or is 'none'")
        if max(len(self.witnesses), len(self.groups)) >= MAX_NAMES:
            raise PolicyMalformedError("too many witnesses or groups")

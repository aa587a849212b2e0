"""The log as the real publisher writes it and the real pages serve it, read by others' programs."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.handlers.wsgi import WSGIHandler
from tlog_scales import backend, reader, signing
from tlog_scales import tiles as their_tiles

from jusha.tlog.publish import Publisher
from jusha_sandbox.witness import app, store
from tests.home import HOME
from tests.sandbox.serving import served
from tests.tlog.test_publish import settle, settled

ORIGIN = "readers.invalid/log"
WITNESS = "readers.invalid/witness-same-operator"
SIZES = (1, 200, 256, 700, 1_300)
MODULES = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog")
PROGRAM = Path(__file__).resolve().parents[2] / "verify" / "readers" / "sumdb" / "main.go"


@dataclass(frozen=True)
class Log:
    """A published log: its folder, where it is served, its keys and its entries."""

    folder: Path
    url: str
    vkey: str
    witness: str
    entries: list[bytes]


@pytest.fixture
def log(owner: psycopg.Connection[Any], tmp_path: Path, settings: Any) -> Iterator[Log]:
    """Published checkpoint by checkpoint, cosigned, and served by the site's own view."""
    folder = tmp_path / "log"
    folder.mkdir()
    begun = store.begin(tmp_path / "witness", name=WITNESS)
    witness = app.Witness(
        store.Store(tmp_path / "witness", logs=folder / "public" / "vkey"),
    )
    with served(witness) as asked:
        text = f"witness w {begun.vkey} {asked}\nquorum w\n"
        (folder / "witnesses").write_text(text)
        publisher = Publisher(folder, origin=ORIGIN, ask_witnesses=True)
        for size in SIZES:
            settle(owner, size - publisher.signed.checkpoint.size)
            publisher.publish_next(owner)
        publisher.close()
    settings.JUSHA_LOG_DIR = folder
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    site_itself = WSGIHandler()

    def pages(environ: Any, start: Any) -> Any:
        del environ["wsgi.file_wrapper"]  # as Granian, which has none, serves them
        return site_itself(environ, start)

    with served(pages) as site:
        vkey = (folder / "public" / "vkey").read_text().strip()
        yield Log(folder / "public", f"{site}/log", vkey, begun.vkey, settled(owner))


@pytest.mark.parametrize("way", ["folder", "address"])
def test_tlog_scales_reads_entries_proofs_and_both_signatures(log: Log, way: str) -> None:
    place = str(log.folder) if way == "folder" else log.url
    theirs = reader.TilesReader(backend.make_backend(place))
    head = theirs.get_checkpoint()
    assert (head.origin, head.size) == (ORIGIN, SIZES[-1])
    keys = [signing.Vkey.from_string(key) for key in (log.vkey, log.witness)]
    verified = signing.VkeySet(*keys).verify(head.signatures, head)
    assert {key.name for key, _ in verified} == {ORIGIN, WITNESS}
    assert theirs.calculate_root_hash() == head.root_hash
    for index in (0, 199, 255, 256, 699, 1_299):
        assert theirs.get_entry(index) == log.entries[index]
        inclusion = theirs.get_inclusion_proof(index, head.size)
        inclusion.check(their_tiles.leaf_hash(log.entries[index]), head.root_hash)
    for size in SIZES:
        named = theirs.backend.get("checkpoints", str(size))
        assert named is not None
        older = type(head).from_text(named.decode())
        assert older.size == size
        assert len(signing.VkeySet(*keys).verify(older.signatures, older)) == 2
        theirs.get_consistency_proof(size, head.size).check(older.root_hash, head.root_hash)


@pytest.fixture(scope="session")
def sumdb(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[int, str]]:
    """The reader that stands on Go's own checksum database, built from Debian's packages."""
    go = shutil.which("go")
    if go is None or not MODULES.is_dir():
        pytest.skip("needs Debian's golang-go and golang-golang-x-mod-dev (.ci/run installs them)")
    program = tmp_path_factory.mktemp("sumdb") / "sumdb"
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": "/usr/share/gocode",
        "GOCACHE": str(HOME / "gocache"),
        "GOFLAGS": "",
    }
    subprocess.run([go, "build", "-o", str(program), str(PROGRAM)], env=environment, check=True)

    def read(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [str(program), *arguments], capture_output=True, text=True, check=False, timeout=120
        )
        return done.returncode, done.stdout

    return read


@pytest.mark.parametrize("way", ["folder", "address"])
def test_go_reads_every_entry_every_tree_and_both_signatures(
    sumdb: Callable[..., tuple[int, str]], log: Log, way: str
) -> None:
    place = str(log.folder) if way == "folder" else log.url
    old = ",".join(map(str, SIZES[:-1]))
    told = sumdb("-log", place, "-vkey", log.vkey, "-witness", log.witness, "-old", old)
    assert told == (0, "EQUAL 1300 entries, 1 witnesses, 4 older checkpoints\n")


@pytest.mark.parametrize(
    ("file", "at"),
    [
        ("tile/entries/000", 5),
        ("tile/entries/005.p/20", -2),
        ("tile/0/003", 40),
        ("tile/1/000.p/5", 3),
        ("checkpoint", 30),
        ("checkpoint", -20),
        ("checkpoints/256", 30),
    ],
)
def test_go_finds_one_changed_bit(
    sumdb: Callable[..., tuple[int, str]], log: Log, file: str, at: int
) -> None:
    path = log.folder / file
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    status, told = sumdb(
        "-log", str(log.folder), "-vkey", log.vkey, "-witness", log.witness, "-old", "256"
    )
    assert status == 1
    assert told.startswith("DIFFERENT ")

"""The log's own files: exact names, right types, nothing else from the disk."""

import pytest

from tests.web.conftest import Site


def test_the_log_is_served_as_the_formats_ask(site: Site) -> None:
    site.house.instruct("seal", campaign="day", day="2026-01-01", salt=bytes(16))
    site.publish()
    checkpoint = site.get("/log/checkpoint")
    assert checkpoint.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert checkpoint.headers["Cache-Control"] == "no-cache"
    body = b"".join(checkpoint.streaming_content)
    size = int(body.split(b"\n")[1])
    for name in (f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"):
        tile = site.get(f"/log/{name}")
        assert tile.headers["Content-Type"] == "application/octet-stream"
        assert "immutable" in tile.headers["Cache-Control"]
        assert tile.headers["Access-Control-Allow-Origin"] == "*"
        tile.close()
    [table] = (site.log_folder / "public" / "tables").iterdir()
    for name in (f"checkpoints/{size}", f"tables/{table.name}", "vkey"):
        found = site.get(f"/log/{name}")
        assert found.status_code == 200, name
        found.close()


@pytest.mark.parametrize(
    "name",
    [
        "key",
        "state/signed.json",
        "../key",
        "..%2fkey",
        "%2e%2e/state/signed.json",
        "tile/../../key",
        "tile/0/..",
        "tile/64/000",
        "tile/0/0",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/x000",
        "checkpoints/01",
        "tables/x.json",
        "checkpoint/",
        "checkpoint%0A",
    ],
)
def test_no_other_name_is_served(site: Site, name: str) -> None:
    site.publish()
    assert site.get(f"/log/{name}").status_code == 404


def test_assets_are_kept_for_ever_only_under_their_digest(site: Site) -> None:
    page = site.text("/")
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in site.get(address).headers["Cache-Control"]
    assert site.get("/assets/0000/style.css").headers["Cache-Control"] == "no-cache"
    assert site.get("/assets/0000/settings.py").status_code == 404

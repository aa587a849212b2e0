"""The simulated Stripe, for every test of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.stripe.world import World, opened


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with opened(tmp_path, monkeypatch) as found:
        yield found

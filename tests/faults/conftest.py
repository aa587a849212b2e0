"""Drills break whole installations; each gets one of its own, removed whatever happens."""

from collections.abc import Iterator

import pytest

from jusha.management.drill.installation import Installation


@pytest.fixture
def installation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    installation = Installation()
    yield installation
    installation.remove()

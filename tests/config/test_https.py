"""Where browsers come by HTTPS alone, no cookie leaves it, and the name of each says so."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ASK = """
import json
from django.conf import settings as s
print(json.dumps([s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_NAME,
    s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS, s.SESSION_COOKIE_HTTPONLY,
    s.SESSION_COOKIE_SAMESITE, s.SESSION_COOKIE_PATH, s.SESSION_COOKIE_DOMAIN]))
"""


def asked(home: Path, **environ: str) -> Any:
    """What the settings say in an environment."""
    found = subprocess.run(
        [sys.executable, "-c", ASK],
        env={key: value for key, value in os.environ.items() if key != "JUSHA_MODE"}
        | {"DJANGO_SETTINGS_MODULE": "jusha.config.settings", "JUSHA_HOME": str(home)}
        | environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(found.stdout)


PLAIN = ["jusha_session", False, "csrftoken", False, 0]
BOUND = ["__Host-jusha_session", True, "__Host-jusha_csrf", True, 365 * 86_400]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, PLAIN),
        ({"JUSHA_HTTPS": "1"}, BOUND),
        ({"JUSHA_MODE": "own-site", "JUSHA_PLATFORM": "x"}, BOUND),
        ({"JUSHA_MODE": "designated", "JUSHA_DESIGNATION": "1"}, BOUND),
        ({"JUSHA_MODE": "designated", "JUSHA_DESIGNATION": "1", "JUSHA_HTTPS": "0"}, PLAIN),
    ],
    ids=str,
)
def test_cookies_are_bound_to_their_host_wherever_money_is_real(
    tmp_path: Path, environ: dict[str, str], expected: list[object]
) -> None:
    found = asked(tmp_path, **environ)
    assert found[:5] == expected
    assert found[5:] == [True, "Lax", "/", None]


def test_reading_the_settings_makes_no_secret(tmp_path: Path) -> None:
    asked(tmp_path)
    assert list(tmp_path.iterdir()) == []

"""Scenes: places outside that lead here, registered by lines; gifts are counted by them."""

import csv
from datetime import date
from io import StringIO
from typing import Final

from django.db import transaction

from jusha.campaigns.day_models import Scene
from jusha.campaigns.day_rules import DayRefusedError, unprintable
from jusha.inbox.envelopes import CODE

KINDS: Final = (
    "map", "chat", "pay", "stream", "document", "game", "shop", "news", "device", "place", "other",
)  # fmt: skip
SCENES_MAX: Final = 2_000
COLUMNS: Final = 5


def known(code: str, on: date) -> str:
    """The code of a scene that counts on a day, else "". Reads: jusha_scene."""
    if not code or not CODE.fullmatch(code):
        return ""
    found = Scene.objects.filter(code=code, begins__lte=on).exclude(ends__lte=on)
    return code if found.exists() else ""


def save_scenes(text: str, *, today: date) -> int:
    """Write scenes by lines `code,中文名,English,kind,owner`; the number of lines.

    A code that stands gets its new words; nothing is written if one line is wrong.
    Raises DayRefusedError("scene", "line"). Writes: jusha_scene.
    """
    try:
        rows = [row for row in csv.reader(StringIO(text)) if any(part.strip() for part in row)]
    except csv.Error as error:
        raise DayRefusedError("scene") from error
    if not 0 < len(rows) <= SCENES_MAX:
        raise DayRefusedError("scene", "1")
    with transaction.atomic():
        for place, row in enumerate(rows, 1):
            parts = [part.strip() for part in row]
            if not _is_sound(parts):
                raise DayRefusedError("scene", str(place))
            code, zh, en, kind, owner = parts
            words = {"name_zh": zh, "name_en": en, "kind": kind, "owner": owner}
            Scene.objects.update_or_create(
                code=code, defaults=words, create_defaults=words | {"begins": today}
            )
    return len(rows)


def end_scene(code: str, *, today: date) -> None:
    """Let a scene count no more from today; one that began today goes. Writes: jusha_scene."""
    Scene.objects.filter(code=code, begins__gte=today).delete()
    Scene.objects.filter(code=code, ends=None).update(ends=today)


def _is_sound(parts: list[str]) -> bool:
    if len(parts) != COLUMNS or not CODE.fullmatch(parts[0]) or parts[3] not in KINDS:
        return False
    _, zh, en, _, owner = parts
    sizes = ((zh, 80), (en, 120), (owner, 80))
    return all(0 < len(words) <= most and not unprintable(words) for words, most in sizes)

"""A charity's desk in beside mode: settings, a folder of bills, a house that settles."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jusha.giving.beside import (
    Read,
    import_new,
    open_all,
    publish_days,
    published,
    read_folder,
    take_back_new,
    waits,
)
from jusha.giving.beside_init import QUESTIONS, written
from jusha.giving.beside_settings import read_beside
from jusha.giving.import_gifts import Secrets
from jusha.giving.refund_lines import Standing
from tests.cast import House
from tests.home import REPO
from tests.payments import bill_files as bills

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # eleven in Shanghai
SECRETS = Secrets(dedupe=b"d" * 32, person=b"p" * 32)
LIST_MAP = """
channel = "own-list"
[project]
code = "general"
[id]
columns = ["交易单号"]
[time]
column = "日期"
format = "%Y-%m-%d"
timezone = "Asia/Shanghai"
[amount]
column = "金额"
unit = "yuan"
"""


class Desk:
    """A charity's desk: settings, a folder, and a house that settles."""

    def __init__(self, house: House, home: Path) -> None:
        self.house, self.home, self.folder = house, home, home / "in"
        own = home / "own.toml"
        own.write_text(LIST_MAP)
        answers = {question.key: question.default for question in QUESTIONS}
        answers |= {"bills": "wechat", "lists": f"{own}=wechat", "charity": "shan"}
        for name, text in written(answers, maps=REPO / "maps").items():
            (home / name).write_text(text)
        for name in ("wechat", "own"):
            (self.folder / name).mkdir(parents=True)
        self.beside = read_beside(home / "beside.toml")
        self.standings: list[Standing] = []

    def lay(self, name: str, raw: bytes, *, age_s: int = 3600) -> Path:
        """Lay a file in the folder."""
        path = self.folder / name
        path.write_bytes(raw)
        at = NOW.timestamp() - age_s
        os.utime(path, (at, at))
        return path

    def own(self, *rows: str, name: str = "own/list.csv", age_s: int = 3600) -> None:
        """Lay the charity's own list."""
        self.lay(name, ("交易单号,日期,金额\n" + "\n".join(rows) + "\n").encode(), age_s=age_s)

    def round(self) -> tuple[Read, dict[str, int], dict[str, str]]:
        """One round, settled."""
        web = self.house.web
        while any(step.state == "waiting" for step in open_all(web, self.beside)):
            self.house.settle()
        read = read_folder(self.beside, self.folder, now=NOW)
        imported = import_new(web, self.beside, read, secrets=SECRETS, now=NOW)
        self.house.settle()
        while waits(web, self.take_back(read)):
            self.house.settle()
        self.standings = self.take_back(read)
        sent = publish_days(web, self.beside, read, now=NOW, refunds=self.standings)
        self.house.settle()
        return read, imported, sent

    def take_back(self, read: Read) -> list[Standing]:
        """Take back what refund lines name, as far as settlement has answered."""
        return take_back_new(self.house.web, self.beside, read, secrets=SECRETS)

    def wechat(self, name: str, *lines: str, age_s: int = 3600) -> Path:
        """Lay a WeChat Pay bill of these lines."""
        return self.lay(f"wechat/{name}", bills.wechat(list(lines)), age_s=age_s)

    def refunds(self) -> list[tuple[int, int]]:
        """The refunds in the log: amount, and the entry that they take back from."""
        return [(e["amt"], e["ref"]) for e in self.house.entries() if e["k"] == "refund"]

    def table(self, day: str = "2026-03-01") -> dict[str, Any]:
        """The newest published table of a day."""
        found = published(self.house.web, "shan")[day]
        row = self.house.web.execute(
            "SELECT body FROM tlog_table WHERE hash = decode(%s, 'hex')", (found.table,)
        ).fetchone()
        assert row is not None
        told: dict[str, Any] = json.loads(row[0])
        return told

"""A simulated Stripe in this process or behind a port, our client of it, and the door's reader."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from jusha.payments.rails.seam import Ask, Payee
from jusha.payments.rails.stripe.client import Stripe
from jusha.payments.rails.stripe.notice import Events
from jusha_sandbox.stripe import events
from jusha_sandbox.stripe.app import Gateway
from jusha_sandbox.stripe.store import PLATFORM, Store

NOON = 1_790_049_600.0
ORDER = 202609220000000001
INSIDE = "http://127.0.0.1"


@dataclass
class Wall:
    """A clock that stands until it is moved."""

    seconds: float = NOON

    def __call__(self) -> float:
        return self.seconds


@dataclass
class World:
    """Everything a story needs; `heard` are the tries that were sent: body and signature."""

    store: Store
    gateway: Gateway
    wall: Wall
    client: Stripe
    payee: Payee
    heard: list[tuple[bytes, str]] = field(default_factory=list)
    takes: bool = True

    def reader(self, *, secrets: tuple[bytes, ...] = ()) -> Events:
        kept = (self.store.secret("webhook.key").encode(),)
        return Events(account=PLATFORM, is_live=False, secrets=secrets or kept)

    def control(self, **form: str) -> dict[str, Any]:
        transport = httpx.WSGITransport(app=self.gateway, remote_addr="127.0.0.1")
        with httpx.Client(transport=transport, base_url=INSIDE) as http:
            said = http.post("/control", data=form)
        assert said.status_code == 200, said.text
        return dict(said.json())

    def switch(self, name: str, *, on: bool = True) -> None:
        self.control(action="switch", name=name, on="1" if on else "0")

    def step(self, seconds: int) -> int:
        """Let time run ahead, and send what is due."""
        self.control(action="clock", step=str(seconds))
        return events.send_due(self.store)

    def ask(self, order: int = ORDER, *, amount: int = 3505, way: Any = "page") -> Ask:
        until = int(self.wall()) + 900
        return Ask(order, amount, "CNY", self.payee, "向日葵 · 阅读包", until, way)

    def pay(self, order: int = ORDER, *, amount: int = 3505, payer: str = "") -> None:
        """Order, and confirm as the page in a browser would."""
        made = self.client.create(self.ask(order, amount=amount), key=str(order))
        intent = made.parameters["client_secret"].partition("_secret")[0]
        self.confirm(intent, payer=payer)

    def confirm(self, intent: str, *, payer: str = "") -> httpx.Response:
        fields = {"payment_method": "pm_card_visa"} | ({"payer": payer} if payer else {})
        return self.api("POST", f"/v1/payment_intents/{intent}/confirm", fields)

    def api(
        self, method: str, path: str, fields: dict[str, str] | None = None, **headers: str
    ) -> httpx.Response:
        """A bare call, with the charity's account unless told otherwise."""
        given = {
            "authorization": f"Bearer {self.store.secret('api.key')}",
            "stripe-account": self.payee.merchant,
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx.WSGITransport(app=self.gateway)
        with httpx.Client(transport=transport, base_url=INSIDE) as http:
            return http.request(method, path, data=fields, headers=given)

    def notices(self) -> list[dict[bytes, bytes]]:
        return [{b"stripe-signature": signature.encode()} for _, signature in self.heard]


@contextmanager
def opened(folder: Path, monkeypatch: Any = None) -> Iterator[World]:
    """A world whose events are heard here instead of at a port."""
    wall = Wall()
    store = Store(folder / "stripe", wall=wall)
    gateway = Gateway(store)
    with store.claim() as database:
        store.set_clock(database, rate=0, step_seconds=0)
        store.put(database, "endpoint", f"{INSIDE}:9/door/v1/rails/stripe")
        account = store.add_account(database, "向日葵基金会")
    with httpx.Client(transport=httpx.WSGITransport(app=gateway)) as http:
        key = store.secret("api.key")
        client = Stripe(api_key=key, address=INSIDE, http=http, clock=wall)
        world = World(store, gateway, wall, client, Payee("sunflower", account))
        if monkeypatch is not None:

            def heard(_url: str, body: bytes, signature: str) -> bool:
                world.heard.append((body, signature))
                return world.takes

            monkeypatch.setattr(events, "post", heard)
        yield world

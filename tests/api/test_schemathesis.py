"""A stranger reads the whole document and asks everything in it, rightly and wrongly.

Schemathesis makes the questions: boundary values and missing or doubled parameters of every
operation, random ones, and walks along the links. No answer may be a server error, and each must
be what the document promises. `make probe ARGS=tests/api/test_schemathesis.py` asks far more.
"""

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from jusha.api.edge import RATES
from jusha.api.models import ApiAnswer, Hook, HookEvent
from jusha.payments.target_rooms import follow_rooms
from jusha.projects.models import Project
from tests.api.conftest import Api, Caller
from tests.cast import BOOKS

pytestmark = pytest.mark.hypothesis  # `make probe` picks these
SEED = 20261123
IS_LONG = settings.get_current_profile_name() == "fuzz"
EXAMPLES = 400 if IS_LONG else 12
WALKS = 200 if IS_LONG else 8
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
# A right question may be refused for what it is about: a project that is not there, a text that
# cannot be kept. Neither can be said in JSON Schema.
LEFT_OUT = {"positive_data_acceptance"}
QUIET = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class World:
    """The document, a key, and things that exist."""

    def __init__(self, api: Api) -> None:
        self.caller: Caller = api.caller()
        order = {"project": BOOKS, "campaign": "day", "amount": 500}
        number = self.caller.post("orders", order).json()["no"]
        api.house.settle()
        deed = api.house.give(500, project="", campaign="", order=int(number))
        api.site.publish()
        Project.objects.filter(code=BOOKS).update(hard_target=True)
        follow_rooms(api.house.web, datetime.now(UTC))
        room = self.caller.post("rooms", {"project": BOOKS, "amount": 1_000})
        hook = {"url": "http://127.0.0.1:9/x", "kinds": ["gift.settled"]}
        self.known: dict[str, list[Any]] = {
            "code": [BOOKS, "day", "shan"],
            "number": [str(deed), number],
            "room": [str(room.json()["id"])],
            "webhook": [self.caller.post("webhooks", hook).json()["id"]],
        }
        key = {"auth": {"openapi": {"key": {"bearer": self.caller.whole}}}}
        self.schema = schemathesis.openapi.from_wsgi(
            "/api/v1/openapi.json",
            get_wsgi_application(),
            config=SchemathesisConfig.from_dict(key),
        )
        self.checks = [each for each in CHECKS.get_all() if each.__name__ not in LEFT_OUT]

    def operations(self) -> list[Any]:
        """Every operation of the document; raises for one that cannot be read."""
        found: list[Any] = list(self.schema.get_all_operations())
        return [each.ok() for each in found]

    def ask(self, case: Any) -> int:
        """Put one question; raises unless the answer is as promised."""
        RATES.clear()
        answer = case.call()
        case.validate_response(answer, checks=self.checks)
        return int(answer.status_code)

    def probe(self, operation: Any, mode: GenerationMode) -> set[int]:
        """Ask one operation at random; the statuses of the answers, none if nothing can be asked.

        Half of the right questions are about things that exist.
        """
        statuses: set[int] = set()

        @seed(SEED)
        @QUIET
        @given(data=st.data(), case=operation.as_strategy(generation_mode=mode))
        def probe(data: st.DataObject, case: Any) -> None:
            for name in case.path_parameters or {}:
                if mode is GenerationMode.POSITIVE and data.draw(st.booleans()):
                    case.path_parameters[name] = data.draw(st.sampled_from(self.known[name]))
            statuses.add(self.ask(case))

        with contextlib.suppress(Unsatisfiable):  # some operations cannot be asked wrongly
            probe()
        return statuses


@pytest.fixture
def world(api: Api) -> World:
    return World(api)


def test_boundary_values_of_every_operation_are_answered_as_promised(world: World) -> None:
    asked = 0
    for operation in world.operations():
        config = world.schema.config.generation_for(operation=operation)
        for case in world.schema.iter_coverage_cases(
            operation, generation_modes=MODES, generation_config=config
        ):
            world.ask(case)
            asked += 1
    assert asked > 500


def test_random_questions_to_every_operation_are_answered_as_promised(world: World) -> None:
    statuses: set[int] = set()
    for operation in world.operations():
        for mode in MODES:
            statuses |= world.probe(operation, mode)
    assert statuses >= {200, 201, 404, 422}
    assert not {each for each in statuses if each >= 500}


def test_walks_along_the_links_are_answered_as_promised(world: World) -> None:
    base: Any = world.schema.as_state_machine()

    class Walk(base):  # type: ignore[misc] # made at run time
        """Checks as above."""

        def setup(self) -> None:
            """Begin each walk alike: a walk that is repeated must find what it found."""
            for model in (ApiAnswer, Hook, HookEvent):
                model.objects.all().delete()

        def before_call(self, _case: Any) -> None:
            RATES.clear()

        def validate_response(
            self, response: Any, case: Any, additional_checks: Any = (), **_more: Any
        ) -> None:
            case.validate_response(response, checks=world.checks)

    Walk.run(settings=settings(QUIET, max_examples=WALKS, stateful_step_count=6))

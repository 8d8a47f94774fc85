"""Any input to the API gets a documented answer: schemathesis makes the input up from the API's own document."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from pytest_django import Settings
from schemathesis import Case as AnyCase

from channels_app.api.urls import api
from channels_app.chat import messages
from channels_app.files import uploads
from tests.cast import Cast
from workspace.signin import tokens

SCHEMA = schemathesis.openapi.from_dict(dict(api.get_openapi_schema()))
SCHEMA.app = get_wsgi_application()
# Not all a verb judges by can be said in a schema, so what fits the schema may be refused.
SCHEMA.config.checks.positive_data_acceptance.enabled = False
SCHEMA.config.checks.negative_data_rejection.expected_statuses.append("413")
Case = AnyCase[Any]
ID = re.compile(r"[0-9A-Za-z]{1,32}")


@dataclass
class Scene:
    """Who asks, and things that are there, by the name of the parameter that takes them."""

    tokens: list[str]
    ids: dict[str, list[str]]

    def headers(self, case: Case) -> dict[str, str]:
        made_up = repr((case.path_parameters, case.query, case.body)).encode()
        return {"Authorization": f"Bearer {self.tokens[zlib.crc32(made_up) % len(self.tokens)]}"}

    def settle_in(self, case: Case) -> None:
        """Put what is there in place of ids that were made up: those would never be found."""
        for name, value in dict(case.path_parameters or {}).items():
            kind = case.operation.path.split("/")[3] if name == "id" else name
            case.path_parameters[name] = self.real(kind, value)
        if isinstance(case.body, dict) and case.body.keys() & self.ids.keys():
            case.body = {name: self._in_body(name, value) for name, value in case.body.items()}

    def _in_body(self, name: str, value: Any) -> Any:
        return [self.real(name, one) for one in value] if isinstance(value, list) else self.real(name, value)

    def real(self, kind: str, value: Any) -> Any:
        """One that is there, chosen by what was made up; what could be no id stays as it is."""
        if kind in self.ids and isinstance(value, str) and ID.fullmatch(value):
            return self.ids[kind][ord(value[-1]) % len(self.ids[kind])]
        return value


@pytest.fixture
def scene(cast: Cast) -> Scene:
    alice, bob, general, secret = cast.alice, cast.bob, cast.general.id, cast.secret.id
    root = messages.post(person=bob, channel=general, text="the root").message["id"]
    reply = messages.post(person=alice, channel=general, text="@bob, yes", thread=root).message["id"]
    gone = messages.post(person=bob, channel=secret, text="oops").message["id"]
    messages.edit(person=bob, message=root, text="the root, said better")
    messages.delete(person=bob, message=gone)
    posted, loose = (uploads.store(uploader=bob, name=name, chunks=[b"notes"]).id for name in ("a.txt", "b.svg"))
    messages.post(person=bob, channel=general, text="look", files=[posted])
    people, all_messages = [alice.id, bob.id, cast.amy.id, cast.dana.id], [root, reply, gone]
    ids = {
        "channels": [general, secret],
        "channel": [general, secret],
        "messages": all_messages,
        "thread": all_messages,
        "files": [loose, posted],
        "orgs": people,
        "org": [cast.acme.id, cast.acme.slug],
        "member": people,
        "members": people,
        "people": people,
    }
    return Scene([tokens.create(person=person, name="fuzz") for person in (alice, bob)], ids)


@pytest.fixture
def _cache_of_its_own(settings: Settings) -> None:
    """Hundreds of failed sign-ins must not slow down those of other tests."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.fixture
def _connection_of_the_test() -> Iterator[None]:
    """A server closes its connections between requests; here they hold the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@SCHEMA.parametrize()
@pytest.mark.usefixtures("_cache_of_its_own", "_connection_of_the_test")
@settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_any_input_gets_a_documented_answer(case: Case, scene: Scene) -> None:
    with transaction.atomic():
        scene.settle_in(case)
        case.call_and_validate(headers=scene.headers(case))
        transaction.set_rollback(True)

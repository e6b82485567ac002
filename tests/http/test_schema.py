"""Schemathesis against the OpenAPI document: what it declares is what it does, and nobody gets in without a token."""

import subprocess
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from advisor.http.app import create_app
from advisor.http.config import Config
from studies.store.lease import Holder
from studies.store.queue import Entry

# A body may be of the declared shape and still be no question: heads that do not divide a width, a GPU of no such name.
CONFIG = {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]}}}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    """The document of a service that needs a token, and whose device is taken: what is asked for waits."""
    folder = tmp_path_factory.mktemp("schema")
    config = Config(
        store=str(folder / "store.db"), data_folder=folder / "data", reports_folder=folder / "runs",
        requests_per_second=1e5,
    )  # fmt: skip
    app = create_app(config)
    service = app.state.service
    token = service.door.tokens.new("tester")
    with subprocess.Popen(["sleep", "600"]) as holder:
        service.launcher.queue.add(
            Entry(name="taken", devices=("cpu",), arguments=(), state="STARTED", process=Holder.of(holder.pid))
        )
        auth = {"openapi": {"HTTPBearer": {"bearer": token}}}
        asked = SchemathesisConfig.from_dict(CONFIG | {"auth": auth, "headers": {"Host": "localhost"}})
        found = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, config=asked, headers={"Host": "localhost"})
        yield found
        holder.kill()
    service.close()


MODES = list(GenerationMode)
EXAMPLES = 15
SLOW = {"POST /api/v1/propose": 4, "POST /api/v1/reports": 5}


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_every_operation_does_what_the_document_says(document: schemathesis.BaseSchema, mode: GenerationMode) -> None:
    for found in document.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.path_parameters or operation.query):
            continue  # nothing in it can be wrong

        @settings(
            max_examples=SLOW.get(operation.label, EXAMPLES), deadline=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate()

        check()

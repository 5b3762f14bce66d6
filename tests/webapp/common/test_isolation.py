"""Every address with an id: another workspace's thing is 404, and a viewer changes nothing."""

import re

import pytest
from drf_spectacular.generators import SchemaGenerator

from tests.webapp.conftest import assert_problem
from webapp.accounts.actions import create_token
from webapp.datasets.models import Dataset
from webapp.gallery.models import Network
from webapp.prototypes.models import Prototype
from webapp.runs.models import Run

ROUTES = [
    (method, address)
    for address, operations in SchemaGenerator().get_schema(public=True)["paths"].items()
    for method in operations
    if "{" in address
]
WRITES = [(method, address) for method, address in ROUTES if method != "get" and "/tokens/" not in address]


@pytest.fixture
def address_of(workspace, user):
    """``address_of(route)``: the route with the id of this workspace's thing."""
    dataset = Dataset.objects.get(workspace=workspace)
    prototype = Prototype.objects.get(workspace=workspace, zoo="resnet8")
    run = Run.objects.create(
        workspace=workspace,
        created_by=user,
        name="first try",
        dataset=dataset,
        prototype=prototype,
        task="classification",
        requirements=[],
        objective={},
        time_budget_s=60,
    )
    network = Network.objects.create(workspace=workspace, run=run, seed=7)
    token, _ = create_token(user=user, name="laptop")
    things = {"datasets": dataset, "prototypes": prototype, "runs": run, "networks": network, "tokens": token}

    def fill(route: str) -> str:
        kind = re.match(r"/api/v1/(\w+)/\{", route)[1]
        return re.sub(r"\{\w+\}", str(things[kind].pk), route)

    return fill


def test_all_kinds_of_things_are_covered():
    kinds = {address.split("/")[3] for _, address in ROUTES}
    assert kinds == {"datasets", "prototypes", "runs", "networks", "tokens"}


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_another_workspaces_thing_is_404(outsider_client, address_of, method, route):
    assert_problem(getattr(outsider_client, method)(address_of(route)), 404, "not_found")


@pytest.mark.parametrize(("method", "route"), WRITES)
def test_a_viewers_write_is_403(viewer_client, address_of, method, route):
    assert_problem(getattr(viewer_client, method)(address_of(route), {"name": "x"}), 403, "forbidden")


@pytest.mark.parametrize(("method", "route"), WRITES)
def test_a_read_tokens_write_is_403(token_client, address_of, method, route):
    assert_problem(getattr(token_client("read"), method)(address_of(route), {"name": "x"}), 403, "forbidden")


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_nobodys_request_is_401(anonymous_client, address_of, method, route):
    assert_problem(getattr(anonymous_client, method)(address_of(route)), 401, "not_authenticated")

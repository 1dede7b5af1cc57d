"""The generated layer: its contract with the facade, that it is what the fragment gives, and what it does not do.

The second half holds what openapi-python-client leaves to its users, case by case, with what the facade does instead.
"""

import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from doubles import DRAFT, Colour, Server

from sendgrid_campaigns import (
    AuthenticationError,
    BadRequestError,
    CampaignsClient,
    OutcomeUnknownError,
    RateLimitError,
    SendReceipt,
    ServerError,
    UnreadableResponseError,
)
from sendgrid_campaigns import operations
from sendgrid_campaigns.exchange import Endpoint
from sendgrid_campaigns_api import AuthenticatedClient
from sendgrid_campaigns_api.api.campaigns import get_campaign, send_campaign
from sendgrid_campaigns_api.models import Campaign, ErrorResponse, SendAccepted
from sendgrid_campaigns_api.types import UNSET

ROOT = Path(__file__).parents[2]


# --- the contract: what exchange.Endpoint leans on ---


ENDPOINTS = [value for value in vars(operations).values() if isinstance(value, Endpoint)]


def test_every_endpoint_module_is_declared() -> None:
    modules = {path.stem for path in Path(get_campaign.__file__).parent.glob("[a-z]*.py")}
    assert {endpoint.module.__name__.rsplit(".", 1)[1] for endpoint in ENDPOINTS} == modules
    assert len(ENDPOINTS) == 11


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.module.__name__.rsplit(".", 1)[1])
def test_every_endpoint_module_has_the_two_functions(endpoint: Endpoint) -> None:
    """Should this fail after an upgrade of the generator: exchange.Endpoint is the one place that calls them."""
    module: Any = endpoint.module
    assert "on_behalf_of" in inspect.signature(module._get_kwargs).parameters
    assert list(inspect.signature(module._parse_response).parameters) == ["client", "response"]


def test_get_kwargs_gives_what_httpx_takes() -> None:
    assert send_campaign._get_kwargs(4900, on_behalf_of="account-id A123") == {
        "method": "post",
        "url": "/v3/campaigns/4900/schedules/now",
        "headers": {"on-behalf-of": "account-id A123"},
    }
    assert get_campaign._get_kwargs(4900) == {"method": "get", "url": "/v3/campaigns/4900", "headers": {}}


# --- no drift ---


def generate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "generate.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package generated afresh."""
    target = tmp_path_factory.mktemp("fresh") / "sendgrid_campaigns_api"
    done = generate("--package", target)
    assert done.returncode == 0, done.stderr
    return target


def contents(package: Path) -> dict[str, bytes]:
    paths = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(package)): path.read_bytes() for path in paths}


def test_generated_twice_is_the_same_to_the_byte(package: Path) -> None:
    committed = contents(ROOT / "generated" / "sendgrid_campaigns_api")
    assert contents(package) == committed
    assert all(
        text.startswith(b"# Generated from openapi/campaigns.yaml: do not edit")
        for name, text in committed.items()
        if name.endswith(".py")
    )
    assert "py.typed" in committed


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (lambda package: (package / "types.py").write_text("# mine\n"), "differs: types.py"),
        (lambda package: (package / "client.py").unlink(), "missing: client.py"),
        (lambda package: (package / "mine.py").write_text(""), "not generated: mine.py"),
    ],
    ids=["edited", "removed", "added"],
)
def test_drift_of_the_package_is_named_and_mended(package: Path, tmp_path: Path, edit: Any, line: str) -> None:
    mine = tmp_path / package.name
    shutil.copytree(package, mine)
    assert generate("--check", "--package", mine).returncode == 0
    edit(mine)
    done = generate("--check", "--package", mine)
    assert done.returncode == 1
    assert line in done.stderr
    assert "make generate" in done.stderr
    assert generate("--package", mine).returncode == 0
    assert contents(mine) == contents(package)


def test_drift_of_the_fragment_is_named(package: Path, tmp_path: Path) -> None:
    fragment = tmp_path / "campaigns.yaml"
    text = (ROOT / "openapi" / "campaigns.yaml").read_text("utf-8")
    fragment.write_text(text.replace("        ip_pool:", "        ip_pool_name:"), "utf-8")
    done = generate("--check", "--fragment", fragment, "--package", package)
    assert done.returncode == 1
    assert "differs: models/campaign.py" in done.stderr


def test_a_fragment_that_is_no_openapi_is_refused(package: Path, tmp_path: Path) -> None:
    fragment = tmp_path / "campaigns.yaml"
    text = (ROOT / "openapi" / "campaigns.yaml").read_text("utf-8")
    fragment.write_text(text.replace("in: header", "in: hat"), "utf-8")
    done = generate("--fragment", fragment, "--package", tmp_path / "sendgrid_campaigns_api")
    assert done.returncode == 1
    assert "not valid OpenAPI 3.1" in done.stderr
    assert "components/parameters/OnBehalfOf" in done.stderr


# --- what the generated layer does, and what the facade does instead ---


def bare(handler: Any) -> AuthenticatedClient:
    client = AuthenticatedClient(base_url="https://api.sendgrid.com", token="SG.key")
    return client.set_httpx_client(httpx.Client(base_url=client._base_url, transport=httpx.MockTransport(handler)))


def test_a_status_that_is_not_described(colour: Colour, campaigns: Any, server: Server) -> None:
    server.post(httpx.Response(418, text="teapot"))
    assert send_campaign.sync(4900, client=bare(server)) is None
    colour.error(OutcomeUnknownError, campaigns.send, 4900)


def test_429(colour: Colour, campaigns: Any, server: Server) -> None:
    server.post(httpx.Response(429, json={}))
    assert isinstance(send_campaign.sync(4900, client=bare(server)), ErrorResponse)
    colour.error(RateLimitError, campaigns.send, 4900)


def test_500(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(500, json={}))
    assert isinstance(get_campaign.sync(4900, client=bare(server)), ErrorResponse)
    colour.error(ServerError, campaigns.get, 4900)


def test_520(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(520, json={}))
    with pytest.raises(ValueError, match="520 is not a valid HTTPStatus"):
        get_campaign.sync(4900, client=bare(server))
    assert colour.error(ServerError, campaigns.get, 4900).status_code == 520


def test_200_with_html(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, text="<html>"))
    with pytest.raises(ValueError, match="Expecting value"):
        get_campaign.sync(4900, client=bare(server))
    colour.error(UnreadableResponseError, campaigns.get, 4900)


def test_400_with_text(colour: Colour, campaigns: Any, server: Server) -> None:
    server.post(httpx.Response(400, text="Bad Request"))
    with pytest.raises(ValueError, match="Expecting value"):
        send_campaign.sync(4900, client=bare(server))
    assert "Bad Request" in str(colour.error(BadRequestError, campaigns.send, 4900))


def test_401(colour: Colour, campaigns: Any, server: Server) -> None:
    server.post(httpx.Response(401, json={"errors": [{"field": None, "message": "authorization required"}]}))
    assert isinstance(send_campaign.sync(4900, client=bare(server)), ErrorResponse), "returned, not raised"
    colour.error(AuthenticationError, campaigns.send, 4900)


def test_201_without_a_required_key(colour: Colour, campaigns: Any, server: Server) -> None:
    server.post(httpx.Response(201, json={"id": 4900}))
    with pytest.raises(KeyError):
        send_campaign.sync(4900, client=bare(server))
    assert colour.do(campaigns.send, 4900) == SendReceipt(4900, None)


def test_a_value_that_no_enum_would_hold(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json={**DRAFT, "status": "Hibernating"}))
    assert colour.do(campaigns.get, 4900).status == "Hibernating"
    server.get(httpx.Response(200, json=DRAFT))
    server.post(httpx.Response(201, json={"id": 4900, "status": "Hibernating"}))
    accepted = send_campaign.sync(4900, client=bare(server))
    assert isinstance(accepted, SendAccepted)
    assert colour.do(campaigns.send, 4900).status == "Hibernating"


def test_null_where_a_value_is_documented(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, content=b"null"))
    with pytest.raises(TypeError):
        get_campaign.sync(4900, client=bare(server))
    colour.error(UnreadableResponseError, campaigns.get, 4900)


def test_unset(colour: Colour, campaigns: Any, server: Server) -> None:
    answered = get_campaign.sync(4900, client=bare(server))
    assert isinstance(answered, Campaign)
    assert answered.subject is UNSET
    assert colour.do(campaigns.get, 4900).subject is None


def test_with_headers(colour: Colour, campaigns: Any, server: Server) -> None:
    parent = bare(server)
    parent.with_headers({"on-behalf-of": "acme"})
    get_campaign.sync(4900, client=parent)
    assert server.requests[-1].headers["on-behalf-of"] == "acme", "the parent impersonates too"
    colour.do(campaigns.on_behalf_of("acme").get, 4900)
    assert server.requests[-1].headers["on-behalf-of"] == "acme"
    colour.do(campaigns.get, 4900)
    assert "on-behalf-of" not in server.requests[-1].headers


def test_no_timeout() -> None:
    assert AuthenticatedClient(base_url="https://api.sendgrid.com", token="SG.key").get_httpx_client().timeout == (
        httpx.Timeout(None)
    ), "waits for ever"
    requests: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json=DRAFT)

    CampaignsClient("SG.key", http_client=httpx.Client(transport=httpx.MockTransport(handler), timeout=None)).get(4900)
    assert all(0 < seconds <= 30 for seconds in requests[0].extensions["timeout"].values())


def test_repr(colour: Colour, server: Server) -> None:
    assert "SG.key" in repr(bare(server))
    assert "SG.key" not in repr(colour.client(server, "SG.key"))

"""The generated layer: its contract with the facade, that it is what the fragment gives, and what it does not do.

The second half holds what openapi-python-client leaves to its users, case by case, with what the facade does instead.
"""

import importlib.util
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
    endpoints,
)
from sendgrid_campaigns.endpoints import Endpoint
from sendgrid_campaigns_api import AuthenticatedClient
from sendgrid_campaigns_api.api.campaigns import create_campaign, get_campaign, list_campaigns, send_campaign
from sendgrid_campaigns_api.models import Campaign, CreateCampaignRequest, ErrorResponse, SendAccepted
from sendgrid_campaigns_api.types import UNSET

ROOT = Path(__file__).parents[2]


# --- the contract: what endpoints.Endpoint leans on ---


ENDPOINTS = [value for value in vars(endpoints).values() if isinstance(value, Endpoint)]


def test_every_endpoint_module_is_declared() -> None:
    modules = {path.stem for path in Path(get_campaign.__file__).parent.glob("[a-z]*.py")}
    assert {endpoint.module.__name__.rsplit(".", 1)[1] for endpoint in ENDPOINTS} == modules
    assert len(ENDPOINTS) == 11


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.module.__name__.rsplit(".", 1)[1])
def test_every_endpoint_module_has_the_two_functions(endpoint: Endpoint) -> None:
    """Should this fail after an upgrade of the generator: endpoints.Endpoint is the one place that calls them."""
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


def loaded(name: str) -> Any:
    """A module of scripts/."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = loaded("generate")


def generate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "generate.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder generated afresh."""
    folder = tmp_path_factory.mktemp("fresh") / "generated"
    done = generate("--folder", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_generated_twice_is_the_same_to_the_byte(fresh: Path) -> None:
    committed = script.contents(ROOT / "generated")
    assert script.contents(fresh) == committed
    for path, (_, *text) in committed.items():
        if path.suffix == ".py":
            assert bytes(text[0]).startswith(b"# Generated from openapi/campaigns.yaml: do not edit")
    assert Path("sendgrid_campaigns_api/py.typed") in committed


def linked(package: Path) -> None:
    (package / "types.py").rename(package.parent.parent / "types.py")
    (package / "types.py").symlink_to(package.parent.parent / "types.py")


EDITS = {
    "an edit": (
        lambda package: (package / "types.py").write_text("# mine\n"),
        "differs: sendgrid_campaigns_api/types.py",
    ),
    "an edit of what is no code": (
        lambda package: (package / "py.typed").write_text("x"),
        "differs: sendgrid_campaigns_api/py.typed",
    ),
    "a mode": (lambda package: (package / "types.py").chmod(0o755), "differs: sendgrid_campaigns_api/types.py"),
    "a link": (linked, "differs: sendgrid_campaigns_api/types.py"),
    "a removal": (lambda package: (package / "client.py").unlink(), "missing: sendgrid_campaigns_api/client.py"),
    "all gone": (lambda package: shutil.rmtree(package), "missing: sendgrid_campaigns_api"),
    "a file": (lambda package: (package / "mine.py").touch(), "not generated: sendgrid_campaigns_api/mine.py"),
    "an empty folder": (lambda package: (package / "mine").mkdir(), "not generated: sendgrid_campaigns_api/mine"),
    "a package beside it": (lambda package: (package.parent / "mine").mkdir(), "not generated: mine"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_drift_of_the_package_is_named_and_mended(fresh: Path, tmp_path: Path, edit: str) -> None:
    mine = tmp_path / "generated"
    shutil.copytree(fresh, mine)
    assert script.drift(fresh, mine) == []
    change, line = EDITS[edit]
    change(mine / "sendgrid_campaigns_api")
    assert f"  {line}" in script.drift(fresh, mine)
    script.replace(mine, fresh)
    assert script.drift(fresh, mine) == []


def test_what_drift_ends_with(fresh: Path, tmp_path: Path) -> None:
    mine = tmp_path / "generated"
    shutil.copytree(fresh, mine)
    assert generate("--check", "--folder", mine).returncode == 0
    (mine / "sendgrid_campaigns_api" / "mine.py").touch()
    done = generate("--check", "--folder", mine)
    assert done.returncode == 1
    assert "not generated: sendgrid_campaigns_api/mine.py" in done.stderr
    assert "run `make generate`, and commit both" in done.stderr


@pytest.mark.parametrize("kind", ["file", "link"])
def test_whatever_stands_in_its_place_is_replaced(fresh: Path, tmp_path: Path, kind: str) -> None:
    mine = tmp_path / "generated"
    if kind == "file":
        mine.touch()
    else:
        (tmp_path / "elsewhere").mkdir()
        mine.symlink_to(tmp_path / "elsewhere")
    script.replace(mine, fresh)
    assert script.drift(fresh, mine) == []


def test_drift_of_the_fragment_is_named(fresh: Path, tmp_path: Path) -> None:
    fragment = tmp_path / "campaigns.yaml"
    text = (ROOT / "openapi" / "campaigns.yaml").read_text("utf-8")
    fragment.write_text(text.replace("        ip_pool:", "        ip_pool_name:"), "utf-8")
    done = generate("--check", "--fragment", fragment, "--folder", fresh)
    assert done.returncode == 1
    assert "differs: sendgrid_campaigns_api/models/campaign.py" in done.stderr


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda text: text.replace("in: header", "in: hat"), "components/parameters/OnBehalfOf"),
        (lambda text: text + "\n  - [", "cannot be read as YAML"),
        (
            lambda text: text.replace("in: header", "in: header\n      schema: {type: widget}"),
            "openapi_python_client failed",
        ),
    ],
)
def test_a_fragment_that_is_broken_is_refused_and_destroys_nothing(tmp_path: Path, broken: Any, said: str) -> None:
    fragment, mine = tmp_path / "campaigns.yaml", tmp_path / "generated"
    mine.mkdir()
    (mine / "kept").touch()
    fragment.write_text(broken((ROOT / "openapi" / "campaigns.yaml").read_text("utf-8")), "utf-8")
    done = generate("--fragment", fragment, "--folder", mine)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert (mine / "kept").exists()


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


def test_401_to_create(colour: Colour, campaigns: Any, server: Server) -> None:
    server.post(httpx.Response(401, json={"errors": [{"field": None, "message": "authorization required"}]}))
    answered = create_campaign.sync(client=bare(server), body=CreateCampaignRequest(title="x"))
    assert isinstance(answered, ErrorResponse), "returned, not raised"
    colour.error(AuthenticationError, campaigns.create, "x")


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


def test_a_page_of_null(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json={"result": None}))
    with pytest.raises(TypeError):
        list_campaigns.sync(client=bare(server))
    colour.error(UnreadableResponseError, campaigns.list)


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

    patient = httpx.Client(transport=httpx.MockTransport(handler), timeout=None)  # noqa: S113 - not for us
    CampaignsClient("SG.key", http_client=patient).get(4900)
    assert all(0 < seconds <= 30 for seconds in requests[0].extensions["timeout"].values())


def test_repr(colour: Colour, server: Server) -> None:
    assert "SG.key" in repr(bare(server))
    assert "SG.key" not in repr(colour.client(server, "SG.key"))

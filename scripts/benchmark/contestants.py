"""Who is measured: each reads campaign 4900 and gives its id; some send it, too, and give its status.

Each is used as its documentation does it, one client for all calls, and imported only when it is made: the tests of
this benchmark run where the peers are not installed. All parse the body, for their users want what is in it.
"""

import importlib
import importlib.util
import json
import socket
import ssl
from abc import ABC, abstractmethod
from typing import Any, ClassVar
from urllib.parse import urlsplit

ID, STATUS = 4900, "Scheduled"
"""What a read and a send give, or it is no measurement."""
KEY = "SG.benchmark"
HEADERS = {"Authorization": f"Bearer {KEY}"}


def paths(url: str) -> tuple[str, str]:
    """Where it is read, and where it is sent."""
    return f"{url}/v3/campaigns/{ID}", f"{url}/v3/campaigns/{ID}/schedules/now"


# --- blocking ---


class Blocking(ABC):
    name: ClassVar[str]

    @abstractmethod
    def __init__(self, url: str) -> None: ...
    @abstractmethod
    def get(self) -> object: ...
    @abstractmethod
    def close(self) -> None: ...
    def send(self) -> object:
        raise NotImplementedError(f"{self.name} sends nothing")


class Socket(Blocking):
    """No client at all: what of a call is the server's, the kernel's and the TLS library's."""

    name = "a socket, no client"

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._socket = socket.create_connection((parts.hostname, parts.port or 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._socket = context.wrap_socket(self._socket, server_hostname=parts.hostname)
        head = f"GET /v3/campaigns/{ID} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {KEY}\r\n\r\n"
        self._request = head.encode()
        self._size = 0

    def ask(self) -> None:
        self._socket.sendall(self._request)

    def read(self) -> bytes:
        got = self._socket.recv(65_536)
        if not self._size:
            head, _, _ = got.partition(b"\r\n\r\n")
            self._size = len(head) + 4 + int(head.lower().partition(b"content-length: ")[2].split()[0])
        while len(got) < self._size:
            got += self._socket.recv(65_536)
        return got

    def get(self) -> object:
        self.ask()
        return json.loads(self.read().partition(b"\r\n\r\n")[2])["id"]

    def close(self) -> None:
        self._socket.close()


class Httpx(Blocking):
    name = "httpx"

    def __init__(self, url: str) -> None:
        import httpx

        self._read, self._send = paths(url)
        self._http = httpx.Client()

    def get(self) -> object:
        answer = self._http.get(self._read, headers=HEADERS)
        answer.raise_for_status()
        return answer.json()["id"]

    def send(self) -> object:
        """What the facade's send asks: is it a Draft? Then send it."""
        answer = self._http.get(self._read, headers=HEADERS)
        answer.raise_for_status()
        if answer.json()["status"] != "Draft":
            return None
        answer = self._http.post(self._send, headers=HEADERS)
        answer.raise_for_status()
        return answer.json()["status"]

    def close(self) -> None:
        self._http.close()


class Requests(Blocking):
    name = "requests"

    def __init__(self, url: str) -> None:
        import requests

        self._read, _ = paths(url)
        self._http = requests.Session()

    def get(self) -> object:
        answer = self._http.get(self._read, headers=HEADERS)
        answer.raise_for_status()
        return answer.json()["id"]

    def close(self) -> None:
        self._http.close()


class Official(Blocking):
    """SendGrid's own client. It makes a connection for each request."""

    name = "sendgrid"

    def __init__(self, url: str) -> None:
        import sendgrid

        self._campaigns = sendgrid.SendGridAPIClient(KEY, host=url).client.campaigns

    def get(self) -> object:
        return json.loads(self._campaigns._(ID).get().body)["id"]

    def send(self) -> object:
        """One request: it does not look before."""
        return json.loads(self._campaigns._(ID).schedules.now.post().body)["status"]

    def close(self) -> None:
        pass


class Generated(Blocking):
    """What openapi-python-client made of the fragment, without the facade."""

    name = "the generated layer"

    def __init__(self, url: str) -> None:
        from sendgrid_campaigns_api import AuthenticatedClient
        from sendgrid_campaigns_api.api.campaigns import get_campaign

        self._client = AuthenticatedClient(base_url=url, token=KEY)
        self._get: Any = get_campaign.sync_detailed

    def get(self) -> object:
        return self._get(ID, client=self._client).parsed.id

    def close(self) -> None:
        self._client.get_httpx_client().close()


class Facade(Blocking):
    name = "the facade"

    def __init__(self, url: str) -> None:
        from sendgrid_campaigns import CampaignsClient

        self._campaigns = CampaignsClient(KEY, base_url=url)

    def get(self) -> object:
        return self._campaigns.get(ID).id

    def send(self) -> object:
        return self._campaigns.send(ID).status

    def close(self) -> None:
        self._campaigns.close()


# --- asyncio: made inside of a running loop ---


class Awaiting(ABC):
    name: ClassVar[str]

    @abstractmethod
    def __init__(self, url: str) -> None: ...
    @abstractmethod
    async def get(self) -> object: ...
    @abstractmethod
    async def close(self) -> None: ...
    async def send(self) -> object:
        raise NotImplementedError(f"{self.name} sends nothing")


class Aiohttp(Awaiting):
    name = "aiohttp"

    def __init__(self, url: str) -> None:
        import aiohttp

        self._read, _ = paths(url)
        # Its own context is made at its import, and knows the certificates of that moment.
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=ssl.create_default_context()))

    async def get(self) -> object:
        async with self._http.get(self._read, headers=HEADERS) as answer:
            answer.raise_for_status()
            return (await answer.json())["id"]

    async def close(self) -> None:
        await self._http.close()


class AsyncHttpx(Awaiting):
    name = "httpx"

    def __init__(self, url: str) -> None:
        import httpx

        self._read, self._send = paths(url)
        self._http = httpx.AsyncClient(transport=self._transport())

    def _transport(self) -> Any:
        return None

    async def get(self) -> object:
        answer = await self._http.get(self._read, headers=HEADERS)
        answer.raise_for_status()
        return answer.json()["id"]

    async def send(self) -> object:
        answer = await self._http.get(self._read, headers=HEADERS)
        answer.raise_for_status()
        if answer.json()["status"] != "Draft":
            return None
        answer = await self._http.post(self._send, headers=HEADERS)
        answer.raise_for_status()
        return answer.json()["status"]

    async def close(self) -> None:
        await self._http.aclose()


class HttpxOnAiohttp(AsyncHttpx):
    name = "httpx on aiohttp"

    def _transport(self) -> Any:
        import httpx_aiohttp

        return httpx_aiohttp.AiohttpTransport()


class AsyncFacade(Awaiting):
    name = "the facade"

    def __init__(self, url: str) -> None:
        self._campaigns = self._client(KEY, base_url=url)

    def _client(self, *args: Any, **kwargs: Any) -> Any:
        from sendgrid_campaigns import AsyncCampaignsClient

        return AsyncCampaignsClient(*args, **kwargs)

    async def get(self) -> object:
        return (await self._campaigns.get(ID)).id

    async def send(self) -> object:
        return (await self._campaigns.send(ID)).status

    async def close(self) -> None:
        await self._campaigns.aclose()


class FacadeOnAiohttp(AsyncFacade):
    name = "the facade on aiohttp"

    def _client(self, *args: Any, **kwargs: Any) -> Any:
        return importlib.import_module("sendgrid_campaigns.aiohttp").AiohttpCampaignsClient(*args, **kwargs)


def awaiting() -> tuple[type[Awaiting], ...]:
    """Those for asyncio; the last one only where this checkout has it."""
    has_it = importlib.util.find_spec("sendgrid_campaigns.aiohttp") is not None
    return (AsyncHttpx, HttpxOnAiohttp, Aiohttp, AsyncFacade, *([FacadeOnAiohttp] if has_it else []))


BLOCKING: tuple[type[Blocking], ...] = (Socket, Httpx, Requests, Official, Generated, Facade)
SENDING: tuple[type[Blocking], ...] = (Httpx, Official, Facade)

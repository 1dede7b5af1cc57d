"""The sandbox's door inside a process: an httpx transport for both colours, with no socket behind it."""

import httpx

from sendgrid_campaigns.sandbox.service import Request, Service


class SandboxTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Give it to httpx.Client or httpx.AsyncClient as `transport=`; every host leads to the sandbox."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        reply = self._service.handle(
            Request(
                method=request.method,
                path=request.url.raw_path.decode("ascii").partition("?")[0],
                query=dict(request.url.params),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=request.content,
            )
        )
        return httpx.Response(reply.status_code, headers=dict(reply.headers), content=reply.body)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self.handle_request(request)

"""Spans of OpenTelemetry's instrumentation of httpx, in a new version and, by `make test-oldest`, in an old one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from doubles import Style
from sendgrid_campaigns import NotAppliedError
from sendgrid_campaigns.sandbox import Sandbox

Spans = Callable[[], tuple[ReadableSpan, ...]]


@pytest.fixture
def spans() -> Iterator[Spans]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor: Any = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield exporter.get_finished_spans
    instrumentor.uninstrument()


def test_each_request_is_a_span(style: Style, spans: Spans) -> None:
    with Sandbox() as sandbox, sandbox.serve_faulty() as server:
        sandbox.lose_answer("send")
        client = style.client_class("SG.sandbox", base_url=server.url)
        receipt = style.do(client.on_behalf_of("acme").send, 4901)
        style.close(client)
        assert receipt.known_from == "read-back"
        seen = [(request.method, "traceparent" in request.headers) for request in sandbox.requests()]
    assert seen == [(attempt.method, True) for attempt in receipt.attempts]
    assert [span.name.split()[-1] for span in spans()] == [attempt.method for attempt in receipt.attempts]
    assert not any("SG." in span.to_json() for span in spans())


def test_what_was_not_sent_is_still_known(style: Style, spans: Spans) -> None:
    client = style.client_class("SG.sandbox", base_url="http://127.0.0.1:9")
    error = style.error(NotAppliedError, client.ensure_sent, 4900)
    style.close(client)
    assert {attempt.proof for attempt in error.attempts} == {"not sent"}
    assert len(spans()) == len(error.attempts)

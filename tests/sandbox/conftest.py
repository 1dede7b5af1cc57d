"""Fixtures of the sandbox's tests."""

import ssl
from collections.abc import Iterator

import pytest

from sandbox.certificates import self_signed
from sandbox.helpers import FixedSandbox


@pytest.fixture
def sandbox() -> Iterator[FixedSandbox]:
    with FixedSandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's and the client's context."""
    return self_signed(tmp_path_factory.mktemp("tls"))

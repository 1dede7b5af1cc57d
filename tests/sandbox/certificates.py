"""A certificate for 127.0.0.1, made anew: both sides of TLS for tests on real sockets."""

import ssl
from pathlib import Path

import trustme


def self_signed(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the server's context and that of a client that trusts it. Writes key.pem and certificate.pem."""
    authority, key, certificate = trustme.CA(), folder / "key.pem", folder / "certificate.pem"
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(str(key))
    for blob in (*issued.cert_chain_pems, authority.cert_pem):  # for both sides: the chain, and what to trust
        blob.write_to_path(str(certificate), append=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=str(certificate))

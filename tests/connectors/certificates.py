"""Certificates for tests: an authority made on the spot, and servers with one thing wrong with each."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificates:
    """Server contexts by what is wrong with them, and a client context that trusts their authority."""

    good: ssl.SSLContext  # for 127.0.0.1, localhost and hooks.example
    expired: ssl.SSLContext
    wrong_name: ssl.SSLContext
    self_signed: ssl.SSLContext
    client: ssl.SSLContext


Key = ec.EllipticCurvePrivateKey
_NAMES: list[x509.GeneralName] = [
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.DNSName("localhost"),
    x509.DNSName("hooks.example"),
]
_ELSEWHERE: list[x509.GeneralName] = [x509.DNSName("elsewhere.example")]


def _certificate(
    names: list[x509.GeneralName], issuer: tuple[x509.Name, Key] | None, *, days: int = 1
) -> tuple[x509.Certificate, Key]:
    """A certificate from yesterday until `days` from now; without an issuer it is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "Tocsin test authority" if issuer is None else "server")]
    )
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0] if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def _server(folder: Path, name: str, certificate: x509.Certificate, key: Key) -> ssl.SSLContext:
    file = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def make_certificates(folder: Path) -> Certificates:
    """An authority and its servers; key files are written to `folder`."""
    authority, authority_key = _certificate([], None)
    issuer = (authority.subject, authority_key)
    client = ssl.create_default_context(cadata=authority.public_bytes(serialization.Encoding.PEM).decode())
    return Certificates(
        good=_server(folder, "good", *_certificate(_NAMES, issuer)),
        expired=_server(folder, "expired", *_certificate(_NAMES, issuer, days=-1)),
        wrong_name=_server(folder, "wrong", *_certificate(_ELSEWHERE, issuer)),
        self_signed=_server(folder, "self", *_certificate(_NAMES, None)),
        client=client,
    )

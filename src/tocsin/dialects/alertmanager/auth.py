"""Whose request this is: the integration key in the path, or as a credential. Decides identity, never prints a key."""

from __future__ import annotations

import base64

from tocsin.dialects._kit.keys import IntegrationRef, Keys


def caller(keys: Keys, path_key: str, authorization: str | None) -> IntegrationRef | None:
    """The integration; None if there is no key or nobody has it. A key in the path rules. Raises Unavailable.

    `authorization`: the header's value, if there is one.
    """
    if path_key:
        return keys.integration(path_key)
    for key in _credentials(authorization or ""):
        if ref := keys.integration(key):
            return ref
    return None


def brings_key(path_key: str, authorization: str | None) -> bool:
    """Whether there is anything at all that may be a key."""
    return bool(path_key or _credentials(authorization or ""))


def _credentials(header: str) -> tuple[str, ...]:
    """What may be the key in an Authorization header: a token of any scheme; of Basic the password, then the user."""
    scheme, _, rest = header.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() != "basic":
        return (rest,) if rest else ()
    try:
        user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        return ()
    return tuple(part for part in (password, user) if part)

"""What people sign in with besides a password: passkeys, codes of an authenticator app, an account at a provider.

Decides nothing. Secrets arrive here sealed or as digests: whoever reads the configuration can't sign in with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kernel.time import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A key pair of a person's device (WebAuthn); the private half never leaves it.

    `credential_id` and `public_key` are base64url without padding, the key in COSE form. `sign_count` is what it said
    when it was made. `synced`: the device's maker keeps it on several devices.
    """

    id: str
    user_id: str
    name: str
    credential_id: str
    public_key: str
    sign_count: int = 0
    transports: tuple[str, ...] = ()
    synced: bool = False
    created_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """Codes of an authenticator app (TOTP), asked for after a password or a mailed link. One per person.

    `secret` is sealed (`runtime.sealing`); `recovery` are the SHA-256 of the recovery codes that are left.
    """

    user_id: str
    secret: str
    recovery: tuple[str, ...] = ()
    created_at: Moment = 0
    updated_at: Moment = 0

    @property
    def id(self) -> str:
        """The person's id."""
        return self.user_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person's account at the identity provider: who has `subject` at `issuer` is this person."""

    id: str
    user_id: str
    issuer: str
    subject: str
    created_at: Moment = 0

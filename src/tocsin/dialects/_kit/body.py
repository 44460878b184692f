"""Body admission: what a request's body must pass before anybody parses it. The one place for size, compression and nesting.

Decides whether bytes are fit to be parsed; never parses them and never knows a vendor. Work is bounded by the limits,
not by what the sender claims.
"""

from __future__ import annotations

from typing import ClassVar

from tocsin.kernel.errors import Invalid


class BodyRefused(Invalid):
    """The body is not worth parsing. `status` is the HTTP status that says so."""

    status: ClassVar[int] = 400


class BodyTooLarge(BodyRefused):
    """More bytes than the route takes, as sent or after decompression."""

    code = "too_large"
    status = 413


class BodyTooSlow(BodyRefused):
    """The body did not arrive within its deadline."""

    code = "too_slow"
    status = 408


class EncodingUnknown(BodyRefused):
    """A Content-Encoding other than identity, gzip or deflate."""

    code = "encoding_unknown"
    status = 415


class BodyUndecodable(BodyRefused):
    """Compressed data that is damaged, cut short, or followed by something else."""

    code = "undecodable"


class BodyTooDeep(BodyRefused):
    """Arrays and objects nested deeper than kernel.limits.NESTING."""

    code = "too_deep"

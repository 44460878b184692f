"""What a vendor's clients define and Tocsin keeps for them without acting on it yet. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kernel.time import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A thing of a kind that Tocsin does not know. `resource` names the kind in the vendor's words.

    `parent_id` is the thing that it belongs to (an option's field, say): it goes with that one, and who may change that
    one may change it. `wire` is its JSON as clients are to find it, `secret` the part that no record may show.
    """

    id: str
    resource: str
    name: str = ""
    parent_id: str = ""
    team_ids: tuple[str, ...] = ()
    wire: str = "{}"
    secret: str = ""
    created_at: Moment = 0
    updated_at: Moment = 0

"""What a vendor's clients define and Tocsin keeps for them in their own form. Decides nothing.

Most of it is not acted upon; workflows and what starts them are read out of it (`workflows.definition`).
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kernel.time import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A thing whose form is the vendor's. `resource` names the kind in the vendor's words.

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

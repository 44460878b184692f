"""/tags, and the tags of users, teams, escalation policies. Decides that a label that is there is used, not refused."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer, named
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read import business as read
from tocsin.dialects.pagerduty.write import business as write
from tocsin.dialects.pagerduty.write.refs import Refs, Wire
from tocsin.directory.business import Tag, Tagging


def listed(call: Call) -> Response:
    """GET /tags."""
    refs = Refs(call.config, call.links)
    found = named(call.config.tags.values(), call.query.get("query", ""))
    return call.listed("tags", found, lambda one: write.tag(one, refs))


def created(call: Call) -> Response:
    """POST /tags."""
    tag = call.save("tag", Tag(id="", name=read.tag_label(call.fields("tag"))))
    return _answer(call, tag, 201)


def shown(call: Call) -> Response:
    """GET /tags/{id}."""
    return _answer(call, _tag(call))


def removed(call: Call) -> Response:
    """DELETE /tags/{id}: it is on nothing any more."""
    return call.delete("tag", _tag(call).id)


def entities(call: Call) -> Response:
    """GET /tags/{id}/{entity_type}: what it is on, of one kind."""
    tag, wanted = _tag(call), call.path["entity_type"]
    kind = call.found(read.TAGGED.get(wanted))
    things = call.config.of(kind)
    found = [
        things[one.entity_id]
        for one in call.config.taggings.values()
        if one.tag_id == tag.id and one.entity_kind == kind and call.may_read(things[one.entity_id])
    ]
    refs = Refs(call.config, call.links)
    render = {"user": refs.user, "team": refs.team, "policy": refs.policy}[kind]

    def reference(one: Any) -> Wire:
        return render(one.id)

    return call.listed(wanted, named(found, ""), reference)


def of_entity(call: Call) -> Response:
    """GET /{entity_type}/{id}/tags."""
    kind, entity = _entity(call)
    refs = Refs(call.config, call.links)
    found = [call.config.tags[one.tag_id] for one in _taggings(call, kind, entity.id)]
    return call.listed("tags", named(found, ""), lambda one: write.tag(one, refs))


def tags_changed(call: Call) -> Response:
    """POST /{entity_type}/{id}/change_tags: some by id, some by a label that is made if there is none, some off."""
    kind, entity = _entity(call)
    ids, labels, off = read.tag_changes(call.body())
    missing = [one for one in (*ids, *off) if one not in call.config.tags]
    if missing:
        raise invalid(f"Tag {one[:64]} not found" for one in missing)
    for tag_id in (*ids, *(_labelled(call, label).id for label in labels)):
        call.save("tagging", Tagging(tag_id=tag_id, entity_kind=kind, entity_id=entity.id))
    on = {one.tag_id: one.id for one in _taggings(call, kind, entity.id)}
    for tag_id in off:
        if tag_id in on:
            call.delete("tagging", on[tag_id])
    return answer({})


def _labelled(call: Call, label: str) -> Tag:
    known = {one.name.casefold(): one for one in call.config.tags.values()}
    found: Tag = known.get(label.casefold()) or call.save("tag", Tag(id="", name=label))
    return found


def _taggings(call: Call, kind: str, entity_id: str) -> list[Tagging]:
    return [one for one in call.config.taggings.values() if (one.entity_kind, one.entity_id) == (kind, entity_id)]


def _entity(call: Call) -> tuple[str, Any]:
    """What the path names: the word for its kind here, and the thing."""
    kind = call.found(read.TAGGED.get(call.path["entity_type"]))
    thing = call.config.of(kind).get(call.path["id"])
    return kind, call.found(thing, seen=thing is not None and call.may_read(thing))


def _tag(call: Call) -> Tag:
    return call.found(call.config.tags.get(call.path["id"]))


def _answer(call: Call, tag: Tag, status: int = 200) -> Response:
    return answer({"tag": write.tag(tag, Refs(call.config, call.links))}, status)


ROUTES: Routes = (
    ("/tags", {"GET": listed, "POST": created}),
    ("/tags/{id}", {"GET": shown, "DELETE": removed}),
    ("/tags/{id}/{entity_type}", {"GET": entities}),
    ("/{entity_type}/{id}/tags", {"GET": of_entity}),
    ("/{entity_type}/{id}/change_tags", {"POST": tags_changed}),
)
"""Path -> method -> handler."""

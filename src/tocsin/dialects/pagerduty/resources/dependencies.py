"""/service_dependencies: which services need which. The same relationship twice is one; ids of ends tell it.

Decides that each relationship of a request is written by itself: what came before a refused one stays.
"""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import not_found
from tocsin.dialects.pagerduty.read import business as read
from tocsin.dialects.pagerduty.write import business as write
from tocsin.directory.business import Dependency


def associated(call: Call) -> Response:
    """POST /service_dependencies/associate: those that exist are answered as they are."""
    wanted = read.dependencies(call.body())
    for one in wanted:
        _check_seen(call, one)
    return answer({"relationships": [write.dependency(_saved(call, one)) for one in wanted]})


def disassociated(call: Call) -> Response:
    """POST /service_dependencies/disassociate: 404 if there is none of them."""
    wanted = read.dependencies(call.body())
    found = [one for one in (_stored(call, each) for each in wanted) if one is not None and _sees(call, one)]
    if not found:
        raise not_found()
    for one in found:
        call.delete("dependency", one.id)
    return answer({"relationships": [write.dependency(one) for one in found]})


def listed(call: Call, *, is_business: bool) -> Response:
    """GET /service_dependencies/{technical_services|business_services}/{id}: what it needs and what needs it."""
    service_id = call.path["id"]
    call.found(service_id, seen=_sees_end(call, service_id, is_business=is_business))
    found = sorted(
        (
            one
            for one in call.config.dependencies.values()
            if service_id in (one.dependent_id, one.supporting_id) and _sees(call, one)
        ),
        key=lambda one: (one.created_at, one.id),
    )
    return answer({"relationships": [write.dependency(one) for one in found]})


def _saved(call: Call, wanted: Dependency) -> Dependency:
    stored = _stored(call, wanted)
    found: Dependency = call.save("dependency", stored or wanted, ("supporting_id",) if stored is not None else ())
    return found


def _stored(call: Call, wanted: Dependency) -> Dependency | None:
    needs = call.config.dependencies_of.get(wanted.dependent_id, ())
    return next((one for one in needs if one.supporting_id == wanted.supporting_id), None)


def _sees(call: Call, one: Dependency) -> bool:
    return _sees_end(call, one.supporting_id, is_business=one.supporting_is_business) and _sees_end(
        call, one.dependent_id, is_business=one.dependent_is_business
    )


def _sees_end(call: Call, service_id: str, *, is_business: bool) -> bool:
    if is_business:
        business = call.config.business_services.get(service_id)
        return business is not None and call.sees((business.team_id,) if business.team_id else ())
    service = call.config.services.get(service_id)
    return service is not None and call.may_read(service)


def _check_seen(call: Call, wanted: Dependency) -> None:
    """Raises ApiError 404, which names what is not there.

    Source: PagerDuty's Terraform provider takes 404 here for a service that is not there yet or is of the other kind,
    tries again for two minutes, and then explains what may be wrong; a 400 it repeats without a word.
    """
    problems = []
    if not _sees_end(call, wanted.supporting_id, is_business=wanted.supporting_is_business):
        problems.append(f"Supporting service {wanted.supporting_id} not found")
    if not _sees_end(call, wanted.dependent_id, is_business=wanted.dependent_is_business):
        problems.append(f"Dependent service {wanted.dependent_id} not found")
    if problems:
        raise not_found(errors=problems)


ROUTES: Routes = (
    ("/service_dependencies/associate", {"POST": associated}),
    ("/service_dependencies/disassociate", {"POST": disassociated}),
    ("/service_dependencies/technical_services/{id}", {"GET": partial(listed, is_business=False)}),
    ("/service_dependencies/business_services/{id}", {"GET": partial(listed, is_business=True)}),
)
"""Path -> method -> handler."""

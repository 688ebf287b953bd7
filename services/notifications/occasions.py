"""Which event tells whom what. Pure: an event, what is known of its ticket, and the answer is a list of notices."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.journal.draining import Owed
from services.notifications.overdue import Late, late_of, words_of
from services.notifications.templates import SIGNED, Facts, named_matter, to_complainant, to_unit

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Matter:
    """What texts need to know of a ticket besides the event. `complaints` want an answer and can be reached, merged tickets' included.

    `over` are its clocks that do not count any more.
    """

    number: str
    category: str | None
    round: int
    lead_unit_id: UUID | None
    desk_unit_id: UUID | None
    due_at: datetime | None
    complaints: tuple[UUID, ...]
    hotline: str
    over: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Notice:
    """One text for one recipient: a complaint's complainant, or a unit. `late`: what it tells of clocks that ran out, for a digest."""

    audience: str
    recipient_id: UUID
    template: str
    words: str
    late: Late | None = None


@dataclass(frozen=True, slots=True)
class _Occasion:
    owed: Owed
    matter: Matter
    unit_names: Mapping[UUID, str]

    @property
    def data(self) -> Data:
        return self.owed.data

    def unit(self, key: str) -> UUID | None:
        return _id(self.data.get(key))

    def facts(self, unit_id: UUID | None = None) -> Facts:
        data = self.data
        return Facts(
            number=self.matter.number,
            category=self.matter.category,
            unit=self.unit_names.get(unit_id) if unit_id else None,
            due_at=self.matter.due_at,
            words=data.get("words"),
            reason=data.get("reason"),
            into=data.get("into"),
            level=data.get("name"),
            granted=bool(data.get("granted")),
            working_days=int(data.get("working_days") or data.get("review_in_working_days") or 0),
            natural_days=int(data.get("natural_days") or 0),
            adjudication=bool(data.get("adjudication")),
            meet_at=datetime.fromisoformat(data["meet_at"]) if data.get("meet_at") else None,
            task_due_at=datetime.fromisoformat(data["task_due_at"]) if data.get("task_due_at") else None,
            place=data.get("place"),
            answer=data.get("answer"),
            hotline=self.matter.hotline,
        )

    def complainants(self, template: str, unit_id: UUID | None = None, only: Iterable[UUID] | None = None) -> list[Notice]:
        wanted = self.matter.complaints if only is None else [one for one in only if one in self.matter.complaints]
        words = to_complainant(template, self.facts(unit_id))
        return [Notice("complainant", complaint, template, words) for complaint in wanted]

    def units(self, template: str, *unit_ids: UUID | None, named: UUID | None = None) -> list[Notice]:
        """Tell each unit; the text names `named`, or the unit itself."""
        distinct = dict.fromkeys(unit_id for unit_id in unit_ids if unit_id is not None)
        return [Notice("unit", unit_id, template, to_unit(template, self.facts(named or unit_id))) for unit_id in distinct]


def notices(owed: Owed, matter: Matter, unit_names: Mapping[UUID, str]) -> list[Notice]:
    """Return whom the event concerns and what they are told; nobody for an event that concerns nobody."""
    tell = _TELLS.get(owed.type)
    return tell(_Occasion(owed, matter, unit_names)) if tell else []


def units_named(owed: Owed) -> set[UUID]:
    """Return every unit the event names: those whose names the texts may need."""
    keys = ("unit_id", "to_unit_id", "from_unit_id", "right_unit_id")
    lists = ("co_unit_ids", "ring_unit_ids", "passed_over", "called_unit_ids", "unfinished_unit_ids", "expected_unit_ids")
    found = {_id(owed.data.get(key)) for key in keys}
    found |= {_id(item) for key in lists for item in owed.data.get(key) or ()}
    for tell in owed.data.get("tells") or ():
        found |= {_id(tell["unit_id"]), *(_id(level["late_unit_id"]) for level in tell["levels"])}
    return {unit_id for unit_id in found if unit_id is not None}


def _received(occasion: _Occasion) -> list[Notice]:
    """Number and code, once: whom the channel told them in its own answer gets no second message of the same."""
    if occasion.data.get("told"):
        return []
    complaint = _id(occasion.data.get("complaint_id"))
    return occasion.complainants("received", only=[complaint] if complaint else None)


def _dispatched(occasion: _Occasion) -> list[Notice]:
    """The complainant is told once a round who acts: WeChat lets us write five times in 48 hours."""
    return occasion.complainants("dispatched", occasion.unit("unit_id")) + _ordered(occasion)


def _ordered(occasion: _Occasion) -> list[Notice]:
    lead, data = occasion.unit("unit_id"), occasion.data
    return [
        *occasion.units("order", lead),
        *occasion.units("order_co", *_ids(data.get("co_unit_ids"))),
        *occasion.units("ring", *_ids(data.get("ring_unit_ids")), named=lead),
    ]


def _moved(occasion: _Occasion) -> list[Notice]:
    """The new seat gets its order, and the one before learns that the matter is no longer its own."""
    return _ordered(occasion) + _relieved(occasion, occasion.unit("unit_id"))


def _taken_away(occasion: _Occasion) -> list[Notice]:
    """The desk above gets its order; whoever had a matter that is about them is told nothing."""
    return _ordered(occasion) if occasion.data.get("assignment_id") else []


def _relieved(occasion: _Occasion, lead: UUID | None) -> list[Notice]:
    before = occasion.unit("from_unit_id")
    return occasion.units("relieved", before, named=lead) if before != lead else []


def _joined(occasion: _Occasion) -> list[Notice]:
    return occasion.units("order_co", occasion.unit("unit_id"))


def _returned(occasion: _Occasion) -> list[Notice]:
    """The desk learns of it; the third time the desk above, which must decide whose it is."""
    return occasion.units("returned", occasion.unit("desk_unit_id") or occasion.matter.desk_unit_id)


def _adjudicated(occasion: _Occasion) -> list[Notice]:
    return occasion.units("designated", occasion.unit("unit_id"))


def _suspension(occasion: _Occasion) -> list[Notice]:
    return occasion.units("suspension", occasion.matter.lead_unit_id)


def _suspended(occasion: _Occasion) -> list[Notice]:
    lead = occasion.matter.lead_unit_id
    words = to_unit("suspension", replace(occasion.facts(lead), granted=True))
    return [Notice("unit", lead, "suspension", words)] if lead else []


def _whistle_answered(occasion: _Occasion) -> list[Notice]:
    matter = occasion.matter
    return occasion.units("whistle_answered", matter.lead_unit_id, matter.desk_unit_id, named=occasion.unit("unit_id"))


def _whistle_concluded(occasion: _Occasion) -> list[Notice]:
    """Whoever has a part in the outcome gets an order, as of any other dispatch; holder and who was still expected learn it."""
    moved = occasion.data.get("assignment_id") is not None
    told = (occasion.matter.lead_unit_id, occasion.matter.desk_unit_id, *_ids(occasion.data.get("expected_unit_ids")))
    ordered = _moved(occasion) if moved else occasion.units("order_co", *_ids(occasion.data.get("co_unit_ids")))
    return ordered + occasion.units("whistle_concluded", *told)


def _called_off(occasion: _Occasion) -> list[Notice]:
    """Whoever was called to the site and is not there yet learns that they need not come any more."""
    return occasion.units("called_off", *_ids(occasion.data.get("expected_unit_ids")))


def _reported(template: str) -> Callable[[_Occasion], list[Notice]]:
    """Whoever gave the instruction learns what became of it."""
    return lambda occasion: occasion.units(template, occasion.unit("to_unit_id"), named=occasion.unit("unit_id"))


def _extended(occasion: _Occasion) -> list[Notice]:
    """Under the petition rules the person is told as well when they have to wait longer."""
    petition = occasion.data.get("terms") == "petition" and occasion.data.get("granted")
    told = occasion.complainants("extended") if petition else []
    return told + occasion.units("extension", occasion.matter.lead_unit_id)


def _recalculated(occasion: _Occasion) -> list[Notice]:
    """Who has the matter learns of a new due instant, not that the old one was confirmed."""
    moved = any(limit["due_before"] != limit["due_after"] for limit in occasion.data["limits"])
    return occasion.units("recalculated", occasion.matter.lead_unit_id) if moved else []


def _resolved(occasion: _Occasion) -> list[Notice]:
    over = occasion.units("task_over", *_ids(occasion.data.get("unfinished_unit_ids"))) + _called_off(occasion)
    return occasion.units("resolved", occasion.matter.desk_unit_id, named=occasion.unit("unit_id")) + over


def _answered(occasion: _Occasion) -> list[Notice]:
    return occasion.complainants("answered", only=_ids(occasion.data.get("answered")))


def _ended(template: str, word: str) -> Callable[[_Occasion], list[Notice]]:
    def tell(occasion: _Occasion) -> list[Notice]:
        unit_id = occasion.matter.lead_unit_id
        facts = Facts(occasion.matter.number, occasion.matter.category, words=word)
        told = [Notice("unit", unit_id, "ended", to_unit("ended", facts))] if unit_id else []
        return occasion.complainants(template) + told + _called_off(occasion)

    return tell


def _directed(template: str) -> Callable[[_Occasion], list[Notice]]:
    def tell(occasion: _Occasion) -> list[Notice]:
        addressed = occasion.unit("to_unit_id") or occasion.matter.lead_unit_id or occasion.matter.desk_unit_id
        over = occasion.units("passed_over", *_ids(occasion.data.get("passed_over")), named=addressed)
        return occasion.units(template, addressed) + over

    return tell


def _escalated(occasion: _Occasion) -> list[Notice]:
    """Each unit is told once of all that was recorded of a ticket at one look, by the last of its events."""
    if "tells" not in occasion.data:  # recorded before events said whom
        matter = occasion.matter
        held = occasion.unit("to_unit_id") or matter.lead_unit_id or matter.desk_unit_id
        return occasion.units("escalated", occasion.unit("unit_id"), held)
    found = []
    for tell in occasion.data["tells"]:
        late = late_of(tell, occasion.matter.number, occasion.matter.over)
        if late is not None:
            found.append(_late_notice(occasion, UUID(tell["unit_id"]), late))
    return found


def _late_notice(occasion: _Occasion, unit_id: UUID, late: Late) -> Notice:
    if late.role == "relieved":
        (notice,) = occasion.units("relieved", unit_id, named=_holder_now(occasion))
        return replace(notice, late=late)
    names, matter = occasion.unit_names, named_matter(occasion.facts())
    words = words_of(late, matter, names.get(late.late_unit_id) if late.late_unit_id else None, names.get(unit_id))
    return Notice("unit", unit_id, "escalated", SIGNED + words, late)


def _holder_now(occasion: _Occasion) -> UUID | None:
    return next((_id(tell["unit_id"]) for tell in occasion.data["tells"] if tell["as"] == "holder"), occasion.matter.lead_unit_id)


def _supplemented(occasion: _Occasion) -> list[Notice]:
    """Whoever has the matter learns that more was told; of danger to life the desk as well. Nine pictures are one message."""
    matter, data = occasion.matter, occasion.data
    holder = matter.lead_unit_id or matter.desk_unit_id
    if data.get("danger"):
        return occasion.units("supplement_danger", holder, matter.desk_unit_id)
    return [] if data.get("quiet") else occasion.units("supplemented", holder)


def _judged(occasion: _Occasion) -> list[Notice]:
    """Whose demand was held to be unreasonable learns it, why, and until when they may appeal; the proposing desk learns the outcome."""
    told = occasion.units("exclusion_decided", occasion.unit("unit_id"))
    data, matter = occasion.data, occasion.matter
    if not data.get("granted"):
        return told
    until = datetime.fromisoformat(data["appeal_until"])
    facts = Facts(matter.number, reason=data["reason_name"], words=data.get("words"), due_at=until, hotline=matter.hotline)
    words = to_complainant("excluded", facts)
    return [Notice("complainant", complaint, "excluded", words) for complaint in matter.complaints] + told


def _judged_again(occasion: _Occasion) -> list[Notice]:
    template = "exclusion_upheld" if occasion.data.get("upheld") else "exclusion_overturned"
    return occasion.complainants(template) + occasion.units(template, occasion.unit("unit_id"))


def _id(value: object) -> UUID | None:
    return UUID(value) if isinstance(value, str) else None


def _ids(values: Iterable[object] | None) -> list[UUID]:
    return [found for value in values or () if (found := _id(value)) is not None]


_TELLS: Mapping[str, Callable[[_Occasion], list[Notice]]] = {
    "ticket.received": _received,
    "ticket.dispatched": _dispatched,
    "ticket.transferred": _moved,
    "ticket.sealed": _taken_away,
    "ticket.handed_up": _ordered,
    "ticket.joined": _joined,
    "ticket.returned": _returned,
    "ticket.adjudicated": _adjudicated,
    "ticket.task_finished": lambda occasion: occasion.units("task_finished", occasion.matter.lead_unit_id, named=occasion.unit("unit_id")),
    "ticket.suspension_requested": lambda occasion: occasion.units("suspension_requested", occasion.unit("to_unit_id")),
    "ticket.suspension_decided": _suspension,
    "ticket.suspended": _suspended,
    "ticket.resumed": lambda occasion: occasion.units("work_resumed", occasion.matter.lead_unit_id),
    "ticket.whistled": lambda occasion: occasion.units("whistle", *_ids(occasion.data.get("called_unit_ids"))),
    "ticket.whistle_answered": _whistle_answered,
    "ticket.whistle_concluded": _whistle_concluded,
    "ticket.instruction_acknowledged": _reported("acknowledged"),
    "ticket.instruction_followed": _reported("followed"),
    "ticket.extension_requested": lambda occasion: occasion.units("extension_requested", occasion.unit("to_unit_id")),
    "ticket.extension_decided": _extended,
    "ticket.recalculated": _recalculated,
    "ticket.resolved": _resolved,
    "ticket.informed": lambda occasion: occasion.complainants("informed", occasion.unit("unit_id")),
    "ticket.answered": _answered,
    "ticket.closed": lambda occasion: occasion.complainants("closed"),
    "ticket.rejected": lambda occasion: occasion.complainants("rejected") + _called_off(occasion),
    "ticket.cancelled": _ended("cancelled", "撤销"),
    "ticket.merged": _ended("merged", "并入其他工单"),
    "ticket.unmerged": lambda occasion: occasion.units("resumed", occasion.matter.lead_unit_id),
    "ticket.reopened": lambda occasion: occasion.complainants("reopened"),
    "ticket.urged": _directed("urged"),
    "ticket.supervised": _directed("supervised"),
    "ticket.instructed": _directed("instructed"),
    "ticket.escalated": _escalated,
    "ticket.supplemented": _supplemented,
    "ticket.exclusion_proposed": lambda occasion: occasion.units("exclusion_proposed", occasion.unit("county_unit_id")),
    "ticket.exclusion_decided": _judged,
    "ticket.exclusion_appealed": lambda occasion: occasion.units("exclusion_appealed", occasion.unit("county_unit_id")),
    "ticket.exclusion_closed": _judged_again,
}

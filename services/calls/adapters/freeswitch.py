"""FreeSWITCH: mod_json_cdr, one record a leg: as JSON, as the form field ``cdr``, or all of it in base64. Pure.

``encode-values`` (the default) writes values percent-encoded. Epochs with a ``u`` count microseconds. A leg that was called to reach
an agent belongs to the caller's leg, and its answer is the agent's; the caller's own leg is answered by the voice menu already. What
mod_callcenter says of its queue (``cc_…``) comes first.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from services.calls.adapters.values import Post, Source, base64_text, epoch, form_of, json_of, needed, parties, text_of, told, word
from services.calls.events import ABANDONED, ANSWERED, COMPLETED, ENDED, LEFT, QUEUED, STARTED, CallEvent, Facts, Told, Unreadable

_MICRO = 1_000_000
_EXTENSION, _OUTSIDE = re.compile(r"[0-9]{2,6}"), re.compile(r"[+0-9][0-9]{6,19}")
_BUSY = frozenset({"USER_BUSY", "NORMAL_CIRCUIT_CONGESTION"})
_QUIET = frozenset({"NORMAL_CLEARING", "ORIGINATOR_CANCEL", "NO_ANSWER", "NO_USER_RESPONSE", "NONE", ""})


def read_post(post: Post, source: Source) -> tuple[Told, ...]:
    """Return what the record of a leg says."""
    return (told(post.body, lambda: _events(_record(post), source)),)


def _record(post: Post) -> dict[str, Any]:
    text = text_of(post.body).strip()
    if not text.startswith(("{", "%7B", "%7b")):
        fields = form_of(post.body) if "=" in text.rstrip("=") else {}
        text = fields.get("cdr", text)
    if not text.startswith("{"):
        text = base64_text("".join(text.split()).replace("-", "+").replace("_", "/")) or unquote(text)
    record = json_of(text)
    if not isinstance(record, dict) or not isinstance(record.get("variables"), dict):
        raise Unreadable("record.no_variables")
    return record


class _Leg:
    """One leg; its values in clear, whether they came percent-encoded or not."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.variables = {name: unquote(value) if isinstance(value, str) else value for name, value in record["variables"].items()}
        flow = record.get("callflow")
        last = flow[0] if isinstance(flow, list) and flow and isinstance(flow[0], dict) else {}
        self.times = _part(last, "times")
        self.profile = _part(last, "caller_profile")

    def say(self, *names: str) -> str | None:
        found = word(self.variables, *names)
        return found if found is not None else word({name: unquote(str(value)) for name, value in self.profile.items()}, *names)

    def instant(self, name: str, in_times: str) -> datetime | None:
        """``start_uepoch`` in microseconds, else the call flow's, else ``start_epoch`` in seconds."""
        found = epoch(word(self.variables, f"{name}_uepoch"), _MICRO) or epoch(word(self.times, in_times), _MICRO)
        return found or epoch(word(self.variables, f"{name}_epoch"))


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = record.get(name)
    return found if isinstance(found, dict) else {}


def _events(record: Mapping[str, Any], source: Source) -> Iterator[CallEvent]:
    leg = _Leg(record)
    call_id = needed(leg.variables, "uuid")
    root = word(leg.variables, "originating_leg_uuid", "originator", "cc_member_session_uuid", "call_uuid") or call_id
    started, ended = leg.instant("start", "created_time"), leg.instant("end", "hangup_time")
    if root != call_id:
        yield from _agents_leg(leg, call_id, root, started, ended)
        return
    caller, callee = leg.say("caller_id_number"), leg.say("destination_number")
    direction = _direction(leg.say("direction"), caller, callee, source)
    number, dnis = parties(source, direction, caller, callee)
    yield CallEvent(call_id, STARTED, "", None, started, Facts(direction=direction, dnis=dnis), number)
    yield from _queue(leg, call_id)
    outcome = _outcome(leg)
    facts = Facts(direction=direction, dnis=dnis, arrived_at=started, ended_at=ended, outcome=outcome, hang_up_side=_side(leg))
    yield CallEvent(call_id, ENDED, "", None, ended, facts, number, leg.say("record_file", "cc_record_filename", "record_path"))


def _direction(said: str | None, caller: str | None, callee: str | None, source: Source) -> str:
    """As the leg says, but seen from the hotline: to the exchange a call is inbound also when a desk's telephone dials out.

    That is told only where the connection lists the hotline's own numbers: what was dialled is none of them.
    """
    elsewhere = bool(source.numbers) and callee not in source.numbers and _OUTSIDE.fullmatch(callee or "") is not None
    if said == "outbound" or (said == "inbound" and elsewhere and _EXTENSION.fullmatch(caller or "")):
        return "outbound"
    return "inbound" if said == "inbound" else source.direction


def _agents_leg(leg: _Leg, call_id: str, root: str, started: datetime | None, ended: datetime | None) -> Iterator[CallEvent]:
    """The leg to an agent: that it was answered is that a person was reached."""
    answered = leg.instant("answer", "answered_time")
    agent = leg.say("cc_agent", "dialed_user", "destination_number", "callee_id_number")
    extension = leg.say("dialed_user", "destination_number")
    if answered is not None:
        talked = int((ended - answered).total_seconds()) if ended is not None and ended >= answered else None
        facts = Facts(agent=agent, extension=extension, answered_at=answered, talk_seconds=talked, ringing_at=started, queued=True)
        yield CallEvent(call_id, COMPLETED, "leg", root, ended, facts)
    yield CallEvent(call_id, ENDED, "leg", root, ended, Facts(ringing_at=started, queued=True))


def _queue(leg: _Leg, call_id: str) -> Iterator[CallEvent]:
    """What mod_callcenter says: seconds of the epoch, each only where it happened."""
    joined, answered = epoch(leg.say("cc_queue_joined_epoch")), epoch(leg.say("cc_queue_answered_epoch"))
    over = epoch(leg.say("cc_queue_terminated_epoch"))
    gone = epoch(leg.say("cc_queue_canceled_epoch"))
    queue, agent = (leg.say("cc_queue") or "").partition("@")[0], leg.say("cc_agent")
    if joined is None:
        return
    yield CallEvent(call_id, QUEUED, queue, None, joined, Facts(queue=queue or None, queued=True))
    if answered is not None:
        waited = max(0, int((answered - joined).total_seconds()))
        facts = Facts(queue=queue or None, agent=agent, extension=agent, wait_seconds=waited)
        yield CallEvent(call_id, ANSWERED, queue, None, answered, facts)
        if over is not None:
            talked = max(0, int((over - answered).total_seconds()))
            yield CallEvent(call_id, COMPLETED, queue, None, over, Facts(agent=agent, talk_seconds=talked, wait_seconds=waited))
    elif gone is not None:
        waited = max(0, int((gone - joined).total_seconds()))
        kind = ABANDONED if leg.say("cc_cancel_reason") in (None, "NONE", "BREAK_OUT") else LEFT
        side = "caller" if kind == ABANDONED else None
        yield CallEvent(call_id, kind, queue, None, gone, Facts(wait_seconds=waited, hang_up_side=side))


def _outcome(leg: _Leg) -> str:
    """What the caller's own record makes of the call where no queue and no agent's leg says more: the voice menu is no person."""
    cause = leg.say("hangup_cause") or ""
    if leg.instant("bridge", "bridged_time") is not None:
        return "answered"
    if leg.instant("answer", "answered_time") is not None:
        return "ivr_only"
    if cause in _BUSY:
        return "busy"
    return "abandoned_in_ivr" if cause in _QUIET else "failed"


def _side(leg: _Leg) -> str | None:
    """Who hung up, seen from the caller's leg: whoever sent the BYE to us, or got it."""
    said = leg.say("sip_hangup_disposition") or ""
    return {"recv_bye": "caller", "recv_cancel": "caller", "send_bye": "agent", "send_cancel": "system"}.get(said)

"""Taking an action on a matter: one way in for all of them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from services.matters import completing, deeds, objecting, people, posting, registering, saying, striking_deeds, working
from services.matters.holding import Held, hold
from services.matters.persons import keep_persons
from services.platform.unit_of_work import Work

_TAKES: Mapping[type[Any], Callable[[Work, Held, Any], Awaitable[None]]] = {
    deeds.Register: registering.register,
    deeds.Decline: registering.decline,
    deeds.ChangeLead: registering.change_lead,
    deeds.SetTension: registering.set_tension,
    deeds.JoinMatter: registering.join,
    deeds.NameSupervisor: people.name_supervisor,
    deeds.NoteSupervision: people.supervise,
    deeds.AttachFollower: people.attach_follower,
    deeds.ReportFollowUp: people.follow_up,
    deeds.SetTask: working.set_task,
    deeds.ReportTask: working.report_task,
    deeds.DecideTask: working.decide_task,
    deeds.Block: working.block,
    deeds.Unblock: working.unblock,
    deeds.SetMilestone: working.set_milestone,
    deeds.MoveMilestone: working.move_milestone,
    deeds.FinishMilestone: working.finish_milestone,
    deeds.AddSite: working.add_site,
    deeds.ShowSite: working.show_site,
    deeds.InspectSite: working.inspect_site,
    deeds.EnterMoney: posting.enter_money,
    deeds.EnterLabour: posting.enter_labour,
    deeds.ReverseEntry: posting.reverse_entry,
    striking_deeds.ReportComplete: completing.report_complete,
    striking_deeds.OpenNotice: completing.open_notice,
    striking_deeds.RegisterAgain: completing.register_again,
    striking_deeds.ObjectTo: objecting.object_to,
    striking_deeds.DecideObjection: objecting.decide_objection,
    striking_deeds.ConfirmHousehold: saying.confirm_household,
    striking_deeds.AnswerRefusal: saying.answer_refusal,
    striking_deeds.Waive: saying.waive,
}


async def act(work: Work, matter_id: UUID, command: deeds.Deed, expected_version: int | None) -> None:
    """Take an action; raises what :func:`hold` and the action raise, and changes nothing then."""
    held = await hold(work, matter_id, command.action, expected_version)
    await _TAKES[type(command)](work, held, command)
    if held.matter.state == "registered":
        await work.session.flush()
        await keep_persons(work, matter_id)

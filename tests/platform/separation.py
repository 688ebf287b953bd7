"""Who asks and who decides, for every pair of accounts a row can name: which rule keeps them apart, or why none must.

`RULES` are kept by constraints or triggers of the database, by person; `NO_RULE` says for each other pair why one person may stand in both.
"""

Pair = tuple[str, str, str]
"""A table, the column of who asked or did, the column of who decided."""

RULES: dict[Pair, str] = {
    ("extensions", "requested_by_account_id", "decided_by_account_id"): "another_decides",
    ("suspensions", "requested_by_account_id", "decided_by_account_id"): "another_decides",
    ("legal_holds", "placed_by_account_id", "lifted_by_account_id"): "another_lifts",
    ("assessment_runs", "asked_by_account_id", "finalized_by_account_id"): "another_makes_it_final",
    ("assessment_appeals", "made_by_account_id", "decided_by_account_id"): "another_decides",
    ("assessment_appeals", "run_asked_by_account_id", "decided_by_account_id"): "another_decides",
    ("demand_exclusions", "proposed_by_account_id", "decided_by_account_id"): "another_decides",
    ("demand_exclusions", "proposed_by_account_id", "closed_by_account_id"): "a_third_decides_the_appeal",
    ("demand_exclusions", "decided_by_account_id", "closed_by_account_id"): "a_third_decides_the_appeal",
    ("demand_exclusions", "appeal_taken_by_account_id", "closed_by_account_id"): "a_third_decides_the_appeal",
    ("tickets", "resolved_by_account_id", "closed_by_account_id"): "executor_never_closes",
    ("call_backs", "by_account_id", "witness_account_id"): "another_is_witness",
    ("policies", "drafted_by_account_id", "activated_by_account_id"): "another_brings_in_force",
    ("opinion_confirmations", "by_account_id", "witness_account_id"): "another_witnesses",
    ("webhook_subscriptions", "set_by_account_id", "entitled_by_account_id"): "another_entitles",
    ("matters", "determined_by_account_id", "decided_by_account_id"): "another_decides",
    ("matter_task_reports", "done_by_account_id", "decided_by_account_id"): "another_accepts",
    ("matter_objections", "recorded_by_account_id", "decided_by_account_id"): "another_decides",
    ("help_closings", "by_account_id", "witness_account_id"): "another_is_witness",
    ("deliberation_meetings", "recorded_by_account_id", "published_by_account_id"): "another_publishes",
    ("year_end_answers", "asked_by_account_id", "answered_by_account_id"): "another_answers",
}
ACROSS: dict[tuple[str, str], str] = {
    ("tickets", "closed_by_account_id"): "no_worker_closes",
    ("call_backs", "by_account_id"): "no_worker_verifies",
    ("call_backs", "witness_account_id"): "no_worker_witnesses",
    ("evidence_flags", "reviewed_by_account_id"): "no_worker_reviews",
    ("bulletins", "published_by_account_id"): "another_publishes",
    ("actings", "entered_by_account_id"): "another_acts",
    ("matter_certificates", "issued_by_account_id"): "executor_never_strikes_off",
    ("matter_objections", "decided_by_account_id"): "executor_never_decides",
    ("matter_reasons", "recorded_by_account_id"): "executor_never_excuses",
    ("year_end_outcomes", "decided_by_account_id"): "no_answerer_decides",
}
"""Who decides in one table on what was done in another: (table, who decides) → rule."""

_ENDS_OWN = "taking back what one began is no approval of it"
_TELLS = "nothing is granted: it says that something was heard, or happened"
NO_RULE: dict[Pair, str] = {
    ("activities", "recorded_by_account_id", "withdrawn_by_account_id"): _ENDS_OWN,
    ("declared_totals", "recorded_by_account_id", "withdrawn_by_account_id"): _ENDS_OWN,
    ("help_steps", "recorded_by_account_id", "withdrawn_by_account_id"): _ENDS_OWN,
    ("mediation_endings", "recorded_by_account_id", "withdrawn_by_account_id"): _ENDS_OWN,
    ("deliberation_meetings", "recorded_by_account_id", "withdrawn_by_account_id"): _ENDS_OWN,
    ("deliberation_meetings", "published_by_account_id", "withdrawn_by_account_id"): _ENDS_OWN,
    ("api_keys", "account_id", "made_by_account_id"): "a key makes no keys: none can be lent that",
    ("api_keys", "account_id", "owner_account_id"): "not_its_own: a key borrows from a person",
    ("api_keys", "made_by_account_id", "owner_account_id"): "administrators may lend of their own; deciding cannot be lent at all",
    ("leaves", "ended_by_account_id", "entered_by_account_id"): _ENDS_OWN,
    ("actings", "ended_by_account_id", "entered_by_account_id"): _ENDS_OWN,
    ("pairings", "ended_by_account_id", "recorded_by_account_id"): _ENDS_OWN,
    **{
        (table, "ended_by_account_id", "recorded_by_account_id"): _ENDS_OWN
        for table in ("matter_supervisors", "matter_followers", "matter_blockers", "problem_villages")
    },
    ("visits", "completed_by_account_id", "recorded_by_account_id"): "what was heard is confirmed by others",
    ("position_looks", "by_account_id", "of_account_id"): "whoever looks at their own position looks at nobody",
    ("assessment_runs", "asked_by_account_id", "published_by_account_id"): "publishing opens the days for objections; it ends nothing",
    ("assessment_runs", "asked_by_account_id", "withdrawn_by_account_id"): _ENDS_OWN,
    ("assessment_runs", "finalized_by_account_id", "published_by_account_id"): "neither of them asked for the run",
    ("assessment_runs", "finalized_by_account_id", "withdrawn_by_account_id"): "what is final is not withdrawn",
    ("assessment_runs", "published_by_account_id", "withdrawn_by_account_id"): _ENDS_OWN,
    ("assessment_appeals", "made_by_account_id", "run_asked_by_account_id"): "both ask; another decides on both",
    ("demand_exclusions", "appeal_taken_by_account_id", "decided_by_account_id"): "takes down what the complainant says; a third decides",
    ("demand_exclusions", "appeal_taken_by_account_id", "proposed_by_account_id"): "takes down what the complainant says; a third decides",
    ("directives", "acknowledged_by_account_id", "from_account_id"): _TELLS,
    ("directives", "acknowledged_by_account_id", "followed_by_account_id"): _TELLS,
    ("directives", "followed_by_account_id", "from_account_id"): "the report is read by the unit that instructed; it ends no limit",
    ("draws", "announced_by_account_id", "drawn_by_account_id"): "nobody can choose: the seed was promised before (the_promised_seed)",
    ("draws", "announced_by_account_id", "opened_by_account_id"): "nobody can choose: the seed was promised before (the_promised_seed)",
    ("draws", "drawn_by_account_id", "opened_by_account_id"): "nobody can choose: the seed was promised before (the_promised_seed)",
    ("phone_tasks", "done_by_account_id", "taken_by_account_id"): "who takes a telephone task is to do it; what it verifies is a call-back",
    ("policies", "activated_by_account_id", "withdrawn_by_account_id"): "what is in force is not withdrawn; before, it is given up",
    ("policies", "drafted_by_account_id", "withdrawn_by_account_id"): _ENDS_OWN,
    ("receptions", "agent_account_id", "received_by_account_id"): "a colleague who files for somebody receives them too",
    ("restrictions", "lifted_by_account_id", "placed_by_account_id"): "shields a person for a while; seeing them asks for a purpose anyway",
    ("whistle_calls", "answered_by_account_id", "arrived_by_account_id"): _TELLS,
    ("whistles", "called_by_account_id", "ended_by_account_id"): "who called for help says that it came; the ticket is closed by another",
}
ALONE: dict[tuple[str, str], str] = {
    ("person_requests", "decided_by_account_id"): "asked by the complainant with their tracking code, never by an account",
    ("early_warnings", "acknowledged_by_account_id"): "raised by the system",
    ("published_posts", "published_by_account_id"): "names a post that is held already; freed of it by the same act",
}
"""Who decides where no account asked: why."""

DECIDING = (
    "decided",
    "closed",
    "finalized",
    "activated",
    "published",
    "lifted",
    "entitled",
    "reviewed",
    "acknowledged",
    "approved",
    "granted",
)
"""Beginnings of the names of columns that say who decided."""

"""Every kind of rules a county decides about, with what checks and applies it: the whole list, in one place."""

from collections.abc import Mapping

from services.assessment.linting import KIND as ASSESSMENT_KIND
from services.assistance.quorum import KIND as ASSISTANCE_KIND
from services.assistance.quorum import RULES as ASSISTANCE_RULES
from services.catalogue.actions import KIND as CATALOGUE_KIND
from services.catalogue.queries import forget_catalogue
from services.complaints.retention import KIND as RETENTION_KIND
from services.deadlines.changing import CALENDAR_KIND, LADDER_KIND
from services.deadlines.queries import forget_clock_rules
from services.policies.actions import Kind
from services.policies.queries import require_kind
from services.reports.composite import KIND as COMPOSITE_KIND
from services.reports.composite import forget_weights

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (CALENDAR_KIND, LADDER_KIND, CATALOGUE_KIND, ASSESSMENT_KIND, COMPOSITE_KIND, RETENTION_KIND, ASSISTANCE_KIND)
}


def kind_of(name: str) -> Kind:
    """Return a kind by its name; raise 404 ``policy.kind_unknown`` where there is none."""
    require_kind(name)
    return KINDS[name]


def forget_rules() -> None:
    """Have rules of every kind read afresh at their next use; for callers that have just changed some."""
    forget_catalogue()
    forget_clock_rules()
    forget_weights()
    ASSISTANCE_RULES.forget()

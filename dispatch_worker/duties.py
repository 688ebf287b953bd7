"""The worker's duties: the whole list, in one place. A doorbell ring is an extra turn of `RUNG`."""

from dispatch_worker.jobs.anchors import anchors
from dispatch_worker.jobs.apply_policies import apply_policies
from dispatch_worker.jobs.assess import assess
from dispatch_worker.jobs.brigading import brigading
from dispatch_worker.jobs.bulletins import bulletins
from dispatch_worker.jobs.call_webhooks import call_webhooks
from dispatch_worker.jobs.certificates import certificates
from dispatch_worker.jobs.converse import converse
from dispatch_worker.jobs.drain import deliver, dispatch
from dispatch_worker.jobs.end_suspensions import end_suspensions
from dispatch_worker.jobs.escalate import escalate
from dispatch_worker.jobs.exchange import fetch_recordings, reconcile_calls
from dispatch_worker.jobs.exports import deliver_reports, expire_exports, make_exports
from dispatch_worker.jobs.fetch_media import fetch_media
from dispatch_worker.jobs.fetch_open311_media import fetch_open311_media
from dispatch_worker.jobs.field_papers import field_papers
from dispatch_worker.jobs.heartbeat import heartbeat
from dispatch_worker.jobs.likenesses import likenesses
from dispatch_worker.jobs.make_sums import make_sums
from dispatch_worker.jobs.matters import follow_up_alarms, matter_candidates, matter_news
from dispatch_worker.jobs.mediations import mediations
from dispatch_worker.jobs.notices import notices
from dispatch_worker.jobs.opinions import opinion_codes, opinions
from dispatch_worker.jobs.personal_data import erase, retain
from dispatch_worker.jobs.positions import positions
from dispatch_worker.jobs.purge import purge
from dispatch_worker.jobs.recalculate import recalculate
from dispatch_worker.jobs.seal_words import seal_words
from dispatch_worker.jobs.send import send
from dispatch_worker.jobs.sweep_backlog import mend_backlog, sweep_backlog
from dispatch_worker.jobs.uploads import uploads
from dispatch_worker.jobs.visits import moved_homes
from dispatch_worker.jobs.warn import warn
from dispatch_worker.station import Duty

DISPATCH = Duty("dispatch", 2, dispatch, lanes=2)
DELIVER = Duty("deliver", 2, deliver)
RUNG = (DISPATCH, DELIVER)
ESCALATE = Duty("escalate", 1, escalate)
END_SUSPENSIONS = Duty("end_suspensions", 30, end_suspensions)
SEND = Duty("send", 1, send)
CALL_WEBHOOKS = Duty("call_webhooks", 1, call_webhooks, lanes=4)
CONVERSE = Duty("converse", 1, converse)
FETCH_MEDIA = Duty("fetch_media", 2, fetch_media)
FETCH_OPEN311_MEDIA = Duty("fetch_open311_media", 5, fetch_open311_media)
FETCH_RECORDINGS = Duty("fetch_recordings", 5, fetch_recordings)
RECONCILE_CALLS = Duty("reconcile_calls", 60, reconcile_calls)
BULLETINS = Duty("bulletins", 600, bulletins)
PURGE = Duty("purge", 3600, purge)
UPLOADS = Duty("uploads", 300, uploads)
POSITIONS = Duty("positions", 300, positions)
APPLY_POLICIES = Duty("apply_policies", 2, apply_policies)
RECALCULATE = Duty("recalculate", 60, recalculate)
FIELD_PAPERS = Duty("field_papers", 600, field_papers)
MATTER_CANDIDATES = Duty("matter_candidates", 1800, matter_candidates)
FOLLOW_UP_ALARMS = Duty("follow_up_alarms", 600, follow_up_alarms)
MATTER_NEWS = Duty("matter_news", 60, matter_news)
CERTIFICATES = Duty("certificates", 5, certificates)
NOTICES = Duty("notices", 60, notices)
LIKENESSES = Duty("likenesses", 600, likenesses)
ASSESS = Duty("assess", 5, assess)
WARN = Duty("warn", 600, warn)
BRIGADING = Duty("brigading", 300, brigading)
MEDIATIONS = Duty("mediations", 600, mediations)
OPINIONS = Duty("opinions", 600, opinions)
MOVED_HOMES = Duty("moved_homes", 600, moved_homes)
OPINION_CODES = Duty("opinion_codes", 2, opinion_codes)
SWEEP_BACKLOG = Duty("sweep_backlog", 3, sweep_backlog)
MEND_BACKLOG = Duty("mend_backlog", 3600, mend_backlog)
MAKE_SUMS = Duty("make_sums", 300, make_sums)
ANCHORS = Duty("anchors", 60, anchors)
MAKE_EXPORTS = Duty("make_exports", 2, make_exports)
DELIVER_REPORTS = Duty("deliver_reports", 20, deliver_reports)
EXPIRE_EXPORTS = Duty("expire_exports", 600, expire_exports)
ERASE = Duty("erase", 5, erase)
RETAIN = Duty("retain", 3600, retain)
SEAL_WORDS = Duty("seal_words", 600, seal_words)
SHARED = (
    *RUNG, ESCALATE, SEND, CALL_WEBHOOKS, CONVERSE, FETCH_MEDIA, PURGE, UPLOADS, FIELD_PAPERS, FETCH_RECORDINGS, RECONCILE_CALLS,
    FETCH_OPEN311_MEDIA, LIKENESSES, APPLY_POLICIES, RECALCULATE, END_SUSPENSIONS, BULLETINS,
    MATTER_CANDIDATES, FOLLOW_UP_ALARMS, MATTER_NEWS, CERTIFICATES,
    ASSESS, WARN, BRIGADING, NOTICES, ANCHORS, OPINIONS, OPINION_CODES, MOVED_HOMES, MEDIATIONS,
    SWEEP_BACKLOG, MEND_BACKLOG, MAKE_SUMS,
    ERASE, RETAIN, SEAL_WORDS, POSITIONS,
    MAKE_EXPORTS, DELIVER_REPORTS, EXPIRE_EXPORTS,
)  # fmt: skip
"""Done by the fleet: one of its workers is enough, and several at once do no harm."""

HEARTBEAT = Duty("heartbeat", 5, heartbeat)
"""Done by every process for itself."""

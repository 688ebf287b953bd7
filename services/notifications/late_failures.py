"""WeChat's late word that a message did not arrive: the message goes on to its next way."""

from datetime import timedelta

from sqlalchemy import text

from services.platform.unit_of_work import Work

KEPT = timedelta(days=2)
"""How long a word is kept whose message is not found: it may come before the answer to the sending was written down."""


async def take_late_failures(work: Work) -> int:
    """Queue again the messages that WeChat took and then could not deliver, with the way they went closed; return how many.

    A template message is found by its id, a subscription message is the latest one to the person by that template.
    """
    if not await work.session.scalar(_ANY):
        return 0
    await work.session.execute(_PURGE, {"before": work.now - KEPT})
    return len((await work.session.execute(_TAKE, {"now": work.now})).all())


_ANY = text("SELECT EXISTS (SELECT 1 FROM wechat_failures)")
_PURGE = text("DELETE FROM wechat_failures WHERE recorded_at < :before")
_TAKE = text(
    """
    WITH known AS (
        SELECT f.id AS failure_id, f.reason, m.id AS message_id
        FROM wechat_failures f
        JOIN messages m ON m.carrier = 'wechat_template' AND m.provider_reference = f.message_id AND m.state = 'sent'
        UNION ALL
        SELECT f.id, f.reason, latest.id
        FROM wechat_failures f
        CROSS JOIN LATERAL (
            SELECT m.id FROM complainants c JOIN messages m ON m.complaint_id = c.complaint_id
            WHERE c.openid_index = f.openid_index AND m.carrier = 'wechat_subscription' AND m.provider_reference = f.template_id
              AND m.state = 'sent' AND m.sent_at <= f.recorded_at
            ORDER BY m.sent_at DESC LIMIT 1
        ) AS latest
        WHERE f.message_id IS NULL
    ), gone AS (
        DELETE FROM wechat_failures f USING known WHERE f.id = known.failure_id RETURNING f.id
    )
    UPDATE messages m
    SET state = 'queued', next_try_at = :now, sent_at = NULL, provider_reference = NULL, last_error = known.reason,
        ways = m.ways || jsonb_build_array(jsonb_build_object(
            'way', m.carrier, 'outcome', 'refused', 'error', known.reason, 'at', CAST(:now AS timestamptz)))
    FROM known JOIN gone ON gone.id = known.failure_id
    WHERE m.id = known.message_id AND m.state = 'sent'
    RETURNING m.id
    """
)

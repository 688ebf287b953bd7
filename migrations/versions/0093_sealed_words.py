"""What people told us, sealed like who they are.

Columns are added, none is filled: the worker seals what lies in clear, portion by portion, and the next release drops the clear columns.
"""

import sqlalchemy as sa
from alembic import op

from services.platform.database import WORKER

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None

_WITH_PLACE = ("complaints", "supplements")
_WORDS_ALONE = ("rewordings", "call_backs", "messages", "phone_tasks")
_ALWAYS_SAID = ("complaints", "rewordings", "messages", "phone_tasks")
_IMMUTABLE = ("complaints", "supplements", "rewordings", "call_backs")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in (*_WITH_PLACE, *_WORDS_ALONE):
        op.add_column(table, sa.Column("row_key", sa.LargeBinary(), nullable=True))
        op.add_column(table, sa.Column("sealed_words", sa.LargeBinary(), nullable=True))
    for table in _WITH_PLACE:
        op.add_column(table, sa.Column("sealed_place", sa.LargeBinary(), nullable=True))
    for table in _ALWAYS_SAID:
        op.alter_column(table, "words", existing_type=sa.Text(), nullable=True)
    for table in _IMMUTABLE:  # turning the key of a day seals row keys anew; what lies under them it cannot change
        op.execute(f"GRANT UPDATE (row_key) ON {table} TO {WORKER}")
    op.execute("DROP FUNCTION redact_words(uuid, text, uuid, text, text)")
    for name, arguments, body in (("redact_words", _REDACTED, _REDACT), ("seal_words", _SEALED, _SEAL)):
        op.execute(body)
        op.execute(_PATH.format(function=f"{name}({arguments})"))
        op.execute(f"REVOKE ALL ON FUNCTION {name}({arguments}) FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name}({arguments}) TO {WORKER}")


# It must not find tables that somebody made for it: temporary ones come last, by name.
_PATH = """
DO $$ BEGIN EXECUTE format('ALTER FUNCTION {function} SET search_path TO %I, pg_temp', current_schema()); END $$
"""
_REDACTED = "uuid, text, uuid, bytea, bytea, bytea"
_SEALED = "text, uuid[], bytea[], bytea[], bytea[]"
# Words are written once: no role has a right to change them. This is the one way to take something out of them, and it needs an erasure of
# that very complaint that is under way, so that it cannot happen without a trace. What is left of them comes sealed under a new key.
_REDACT = """
CREATE FUNCTION redact_words(erasure uuid, place text, row_id uuid, new_key bytea, new_words bytea, new_place bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE told uuid; entire boolean;
BEGIN
  SELECT e.complaint_id, e.whole INTO told, entire FROM erasures e WHERE e.id = erasure AND e.kind = 'words' AND e.erased_at IS NULL;
  IF told IS NULL THEN
    RAISE EXCEPTION 'no erasure of words is under way under this id' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF place = 'complaints' THEN
    UPDATE complaints c SET row_key = new_key, sealed_words = new_words, sealed_place = new_place, words = NULL, place_words = NULL,
      lat = CASE WHEN entire THEN NULL ELSE c.lat END, lon = CASE WHEN entire THEN NULL ELSE c.lon END
      WHERE c.id = row_id AND c.id = told;
  ELSIF place = 'supplements' THEN
    UPDATE supplements s SET row_key = new_key, sealed_words = new_words, sealed_place = new_place, words = NULL, place_words = NULL,
      lat = CASE WHEN entire THEN NULL ELSE s.lat END, lon = CASE WHEN entire THEN NULL ELSE s.lon END
      WHERE s.id = row_id AND s.complaint_id = told;
  ELSIF place = 'rewordings' THEN
    UPDATE rewordings r SET row_key = new_key, sealed_words = new_words, words = NULL WHERE r.id = row_id AND r.complaint_id = told;
  ELSIF place = 'call_backs' THEN
    UPDATE call_backs b SET row_key = new_key, sealed_words = new_words, words = NULL WHERE b.id = row_id AND b.complaint_id = told;
  ELSE
    RAISE EXCEPTION 'words are not taken out of %', place;
  END IF;
  RETURN FOUND;
END $$
"""
# What a release before left in clear is sealed by the worker, and only while it lies in clear; nothing that is sealed is changed by this.
_SEAL = """
CREATE FUNCTION seal_words(place text, ids uuid[], new_keys bytea[], new_words bytea[], new_places bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE done bigint;
BEGIN
  IF place IN ('complaints', 'supplements') THEN
    EXECUTE format('UPDATE %I t SET row_key = n.key, sealed_words = n.words, sealed_place = n.place, words = NULL, place_words = NULL'
      ' FROM unnest($1, $2, $3, $4) AS n (id, key, words, place) WHERE t.id = n.id AND t.row_key IS NULL AND n.key IS NOT NULL'
      ' AND (t.words IS NULL) = (n.words IS NULL) AND (t.place_words IS NULL) = (n.place IS NULL)', place)
      USING ids, new_keys, new_words, new_places;
  ELSIF place IN ('rewordings', 'call_backs', 'messages', 'phone_tasks') THEN
    EXECUTE format('UPDATE %I t SET row_key = n.key, sealed_words = n.words, words = NULL'
      ' FROM unnest($1, $2, $3) AS n (id, key, words) WHERE t.id = n.id AND t.row_key IS NULL AND n.key IS NOT NULL'
      ' AND t.words IS NOT NULL AND n.words IS NOT NULL', place)
      USING ids, new_keys, new_words;
  ELSE
    RAISE EXCEPTION 'there are no words to seal in %', place;
  END IF;
  GET DIAGNOSTICS done = ROW_COUNT;
  RETURN done;
END $$
"""

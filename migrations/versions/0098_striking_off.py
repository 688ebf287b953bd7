"""销号: what was reported complete, published, objected to and said by households; certificates, and who never makes one."""

from alembic import op

from migrations.rights import grant

revision = "0098"
down_revision = "0097"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE matter_rounds (
  matter_id UUID NOT NULL, round INTEGER NOT NULL, words TEXT NOT NULL, recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_matter_rounds PRIMARY KEY (matter_id, round),
  CONSTRAINT ck_matter_rounds_round CHECK (round >= 2),
  CONSTRAINT fk_matter_rounds_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_rounds_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE TABLE matter_completions (
  id UUID NOT NULL, matter_id UUID NOT NULL, round INTEGER NOT NULL, done_on DATE NOT NULL, words TEXT NOT NULL, recorded_at
  TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_matter_completions PRIMARY KEY (id),
  CONSTRAINT fk_matter_completions_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_completions_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_completions_matter_id ON matter_completions (matter_id);
CREATE TABLE matter_notices (
  id UUID NOT NULL, matter_id UUID NOT NULL, round INTEGER NOT NULL, begins_on DATE NOT NULL, ends_on DATE NOT NULL, words TEXT
  NOT NULL, recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_matter_notices PRIMARY KEY (id),
  CONSTRAINT ck_matter_notices_days CHECK (ends_on > begins_on),
  CONSTRAINT fk_matter_notices_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_notices_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_notices_matter_id ON matter_notices (matter_id);
CREATE TABLE matter_objections (
  id UUID NOT NULL, matter_id UUID NOT NULL, round INTEGER NOT NULL, household_id UUID, paper_id UUID NOT NULL, fingerprint BYTEA
  NOT NULL, recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID, upheld BOOLEAN, decision TEXT,
  decided_at TIMESTAMP WITH TIME ZONE, decided_by_account_id UUID,
  CONSTRAINT pk_matter_objections PRIMARY KEY (id),
  CONSTRAINT ck_matter_objections_decided CHECK (num_nulls(upheld, decision, decided_at, decided_by_account_id) IN (0, 4)),
  CONSTRAINT fk_matter_objections_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_objections_household_id FOREIGN KEY(household_id) REFERENCES households (id),
  CONSTRAINT fk_matter_objections_paper_id FOREIGN KEY(paper_id) REFERENCES sealed_papers (id),
  CONSTRAINT fk_matter_objections_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id),
  CONSTRAINT fk_matter_objections_decided_by_account_id FOREIGN KEY(decided_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_objections_matter_id ON matter_objections (matter_id);
CREATE INDEX ix_matter_objections_paper_id ON matter_objections (paper_id);
CREATE TABLE matter_words (
  opinion_id UUID NOT NULL, matter_id UUID NOT NULL, round INTEGER NOT NULL, solved BOOLEAN NOT NULL, recorded_at TIMESTAMP WITH
  TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_matter_words PRIMARY KEY (opinion_id),
  CONSTRAINT fk_matter_words_opinion_id FOREIGN KEY(opinion_id) REFERENCES opinions (id),
  CONSTRAINT fk_matter_words_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_words_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_words_matter_id ON matter_words (matter_id);
CREATE TABLE matter_persons (
  matter_id UUID NOT NULL, subject_id UUID NOT NULL, source_id UUID NOT NULL, told BOOLEAN NOT NULL, household INTEGER NOT NULL,
  CONSTRAINT pk_matter_persons PRIMARY KEY (matter_id, subject_id),
  CONSTRAINT fk_matter_persons_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id)
);
CREATE TABLE matter_reasons (
  id UUID NOT NULL, matter_id UUID NOT NULL, round INTEGER NOT NULL, about TEXT NOT NULL, subject_id UUID NOT NULL, because TEXT
  NOT NULL, words TEXT NOT NULL, recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_matter_reasons PRIMARY KEY (id),
  CONSTRAINT ck_matter_reasons_because CHECK (about = 'teller' AND because IN ('unreachable', 'moved_away', 'deceased',
    'wants_no_question', 'other') OR about = 'households' AND because IN ('few_households', 'other') OR about = 'word' AND because
    IN ('outside_matter', 'policy_does_not_allow', 'separate_matter', 'not_reasonable', 'other')),
  CONSTRAINT uq_matter_reasons_matter_id_round_about_subject_id UNIQUE (matter_id, round, about, subject_id),
  CONSTRAINT fk_matter_reasons_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_reasons_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE TABLE matter_certificates (
  id TEXT NOT NULL, matter_id UUID NOT NULL, round INTEGER NOT NULL, content JSONB NOT NULL, issued_at TIMESTAMP WITH TIME ZONE
  NOT NULL, issued_by_account_id UUID NOT NULL, signed_at TIMESTAMP WITH TIME ZONE, key_id TEXT, signature BYTEA,
  CONSTRAINT pk_matter_certificates PRIMARY KEY (id),
  CONSTRAINT ck_matter_certificates_id CHECK (id ~ '^[0-9a-f]{64}$'),
  CONSTRAINT ck_matter_certificates_signed CHECK (num_nulls(signed_at, key_id, signature) IN (0, 3)),
  CONSTRAINT uq_matter_certificates_matter_id_round UNIQUE (matter_id, round),
  CONSTRAINT uq_matter_certificates_id_matter_id_round UNIQUE (id, matter_id, round),
  CONSTRAINT fk_matter_certificates_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_certificates_issued_by_account_id FOREIGN KEY(issued_by_account_id) REFERENCES accounts (id),
  CONSTRAINT fk_matter_certificates_key_id FOREIGN KEY(key_id) REFERENCES anchor_keys (key_id)
);
CREATE INDEX ix_matter_certificates_unsigned ON matter_certificates (issued_at) WHERE signature IS NULL
"""
_MATTERS = (
    "ALTER TABLE matters ADD struck_off_at TIMESTAMP WITH TIME ZONE, ADD certificate_id TEXT",
    "ALTER TABLE matters DROP CONSTRAINT ck_matters_state",
    "ALTER TABLE matters ADD CONSTRAINT ck_matters_state CHECK (state IN ('determined', 'registered', 'declined', 'struck_off'))",
    "ALTER TABLE matters ADD CONSTRAINT ck_matters_struck_off CHECK ((state = 'struck_off') = (struck_off_at IS NOT NULL))",
    "ALTER TABLE matters ADD CONSTRAINT ck_matters_with_certificate CHECK ((struck_off_at IS NULL) = (certificate_id IS NULL))",
    (
        "ALTER TABLE matters ADD CONSTRAINT fk_matters_certificate FOREIGN KEY (certificate_id, id, round)"
        " REFERENCES matter_certificates (id, matter_id, round)"
    ),
    # what was promised and never came is written off by name
    "ALTER TABLE matter_entries DROP CONSTRAINT ck_matter_entries_deed",
    (
        "ALTER TABLE matter_entries ADD CONSTRAINT ck_matter_entries_deed"
        " CHECK (deed IN ('pledge', 'receive', 'spend', 'give_back', 'write_off', 'reverse'))"
    ),
)
# Who did the work: reported a sub-task or the whole complete, follows or followed, or has a post in the lead unit (but the root, which
# everybody belongs to). By person, whatever account or key it was done with.
_WORKED = """
CREATE FUNCTION worked_on_matter(doer uuid, told uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT EXISTS (
    SELECT FROM matter_task_reports r JOIN matter_tasks t ON t.id = r.task_id
      WHERE t.matter_id = told AND person_behind(r.done_by_account_id) = person_behind(doer)
  ) OR EXISTS (
    SELECT FROM matter_completions c WHERE c.matter_id = told AND person_behind(c.recorded_by_account_id) = person_behind(doer)
  ) OR EXISTS (
    SELECT FROM matter_followers f JOIN accounts a ON a.member_id = f.member_id
      WHERE f.matter_id = told AND a.id = person_behind(doer)
  ) OR EXISTS (
    SELECT FROM matters m JOIN units u ON u.id = m.lead_unit_id AND u.parent_id IS NOT NULL
      JOIN posts p ON p.unit_id = u.id JOIN accounts a ON a.member_id = p.member_id
      WHERE m.id = told AND a.id = person_behind(doer) AND p.valid_from <= (now() AT TIME ZONE 'Asia/Shanghai')::date
        AND (p.valid_to IS NULL OR p.valid_to > (now() AT TIME ZONE 'Asia/Shanghai')::date)
  )
$$
"""
_REFUSED = """
CREATE FUNCTION another_than_executor() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE decides uuid;
BEGIN
  EXECUTE format('SELECT ($1).%I', TG_ARGV[0]) INTO decides USING NEW;
  IF worked_on_matter(decides, NEW.matter_id) THEN PERFORM refuse_same_person(TG_NAME, TG_TABLE_NAME); END IF;
  RETURN NEW;
END $$
"""
_EXECUTOR = (
    ("matter_certificates", "executor_never_strikes_off", "issued_by_account_id"),
    ("matter_objections", "executor_never_decides", "decided_by_account_id"),
    ("matter_reasons", "executor_never_excuses", "recorded_by_account_id"),
)
_PATHS = """
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION worked_on_matter(uuid, uuid) SET search_path TO %I, pg_temp', current_schema());
  EXECUTE format('ALTER FUNCTION another_than_executor() SET search_path TO %I, pg_temp', current_schema());
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in (*_TABLES.split(";\n"), *_MATTERS, _WORKED, _REFUSED):
        op.execute(statement)
    op.execute("REVOKE ALL ON FUNCTION worked_on_matter(uuid, uuid) FROM PUBLIC")
    for table, name, column in _EXECUTOR:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {column} ON {table} FOR EACH ROW"
            f" WHEN (NEW.{column} IS NOT NULL) EXECUTE FUNCTION another_than_executor('{column}')"
        )
    op.execute(
        "CREATE TRIGGER another_decides BEFORE INSERT OR UPDATE OF decided_by_account_id ON matter_objections FOR EACH ROW"
        " WHEN (NEW.decided_by_account_id IS NOT NULL)"
        " EXECUTE FUNCTION another_person('decided_by_account_id', 'recorded_by_account_id')"
    )
    op.execute(_PATHS)
    _rights()


def _rights() -> None:
    grant("matter_rounds, matter_completions, matter_notices, matter_words, matter_reasons", intake="SELECT, INSERT")
    grant("matter_persons", intake="SELECT, INSERT, UPDATE (source_id, told, household)")
    grant("matter_objections", intake="SELECT, INSERT, UPDATE (upheld, decision, decided_at, decided_by_account_id)")
    grant("matter_certificates", intake="SELECT, INSERT", worker="SELECT, UPDATE (signed_at, key_id, signature)")
    grant("matters", intake="UPDATE (round, struck_off_at, certificate_id)", worker="", reporting="")

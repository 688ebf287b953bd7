"""年终质询: questions, answers and outcomes about what was registered and not struck off, and dossiers that nobody changes."""

from alembic import op

from migrations.rights import grant

revision = "0099"
down_revision = "0098"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE year_end_questions (
  id UUID NOT NULL, matter_id UUID NOT NULL, year INTEGER NOT NULL, member_id UUID NOT NULL, capacity TEXT NOT NULL, words TEXT NOT NULL,
  answer_by DATE NOT NULL, asked_at TIMESTAMP WITH TIME ZONE NOT NULL, asked_by_account_id UUID NOT NULL,
  CONSTRAINT pk_year_end_questions PRIMARY KEY (id),
  CONSTRAINT uq_year_end_questions_matter_id_year_member_id UNIQUE (matter_id, year, member_id),
  CONSTRAINT uq_year_end_questions_id_asked_by_account_id UNIQUE (id, asked_by_account_id),
  CONSTRAINT ck_year_end_questions_year CHECK (year BETWEEN 2000 AND 9998),
  CONSTRAINT fk_year_end_questions_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_year_end_questions_member_id FOREIGN KEY(member_id) REFERENCES members (id),
  CONSTRAINT fk_year_end_questions_asked_by_account_id FOREIGN KEY(asked_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_year_end_questions_member_id ON year_end_questions (member_id);
CREATE TABLE year_end_answers (
  id UUID NOT NULL, question_id UUID NOT NULL, words TEXT NOT NULL, answered_at TIMESTAMP WITH TIME ZONE NOT NULL,
  answered_by_account_id UUID NOT NULL, asked_by_account_id UUID NOT NULL,
  CONSTRAINT pk_year_end_answers PRIMARY KEY (id),
  CONSTRAINT fk_year_end_answers_question_id_asked_by_account_id FOREIGN KEY(question_id, asked_by_account_id)
    REFERENCES year_end_questions (id, asked_by_account_id),
  CONSTRAINT fk_year_end_answers_answered_by_account_id FOREIGN KEY(answered_by_account_id) REFERENCES accounts (id),
  CONSTRAINT fk_year_end_answers_asked_by_account_id FOREIGN KEY(asked_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_year_end_answers_question_id ON year_end_answers (question_id);
CREATE TABLE year_end_outcomes (
  question_id UUID NOT NULL, nth INTEGER NOT NULL, code TEXT NOT NULL, new_date DATE, words TEXT NOT NULL, because TEXT,
  decided_at TIMESTAMP WITH TIME ZONE NOT NULL, decided_by_account_id UUID NOT NULL,
  CONSTRAINT pk_year_end_outcomes PRIMARY KEY (question_id, nth),
  CONSTRAINT ck_year_end_outcomes_code CHECK (
    code IN ('accepted', 'carry_over', 'supervised', 'criticised', 'passed_to_discipline', 'no_answer')),
  CONSTRAINT ck_year_end_outcomes_a_carry_over_has_a_date CHECK ((code = 'carry_over') = (new_date IS NOT NULL)),
  CONSTRAINT ck_year_end_outcomes_a_correction_says_why CHECK (nth > 0 AND (nth = 1) = (because IS NULL)),
  CONSTRAINT fk_year_end_outcomes_question_id FOREIGN KEY(question_id) REFERENCES year_end_questions (id),
  CONSTRAINT fk_year_end_outcomes_decided_by_account_id FOREIGN KEY(decided_by_account_id) REFERENCES accounts (id)
);
CREATE TABLE year_end_dossiers (
  id UUID NOT NULL, unit_id UUID NOT NULL, year INTEGER NOT NULL, edition INTEGER NOT NULL, corrects_id UUID, reason TEXT,
  document BYTEA NOT NULL, hash BYTEA NOT NULL, frozen_at TIMESTAMP WITH TIME ZONE NOT NULL, frozen_by_account_id UUID NOT NULL,
  CONSTRAINT pk_year_end_dossiers PRIMARY KEY (id),
  CONSTRAINT ck_year_end_dossiers_hash_of_the_document CHECK (sha256(document) = hash),
  CONSTRAINT ck_year_end_dossiers_a_later_edition_corrects CHECK (edition > 0 AND (edition = 1) = (corrects_id IS NULL)),
  CONSTRAINT ck_year_end_dossiers_a_correction_says_why CHECK (corrects_id IS NULL OR reason IS NOT NULL),
  CONSTRAINT uq_year_end_dossiers_unit_id_year_edition UNIQUE (unit_id, year, edition),
  CONSTRAINT uq_year_end_dossiers_corrects_id UNIQUE (corrects_id),
  CONSTRAINT fk_year_end_dossiers_unit_id FOREIGN KEY(unit_id) REFERENCES units (id),
  CONSTRAINT fk_year_end_dossiers_corrects_id FOREIGN KEY(corrects_id) REFERENCES year_end_dossiers (id),
  CONSTRAINT fk_year_end_dossiers_frozen_by_account_id FOREIGN KEY(frozen_by_account_id) REFERENCES accounts (id)
)
"""

# Whoever asks does not answer, and whoever answered does not decide on the answer: by person, whatever account or key it was done with.
_DECIDES = """
CREATE FUNCTION no_answerer_decides() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF EXISTS (
    SELECT FROM year_end_answers a WHERE a.question_id = NEW.question_id
      AND person_behind(a.answered_by_account_id) = person_behind(NEW.decided_by_account_id)
  ) THEN PERFORM refuse_same_person(TG_NAME, TG_TABLE_NAME); END IF;
  RETURN NEW;
END $$
"""
_PATH = """
DO $$ BEGIN EXECUTE format('ALTER FUNCTION no_answerer_decides() SET search_path TO %I, pg_temp', current_schema()); END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in _TABLES.split(";\n"):
        op.execute(statement)
    op.execute(_DECIDES)
    op.execute(_PATH)
    op.execute(
        "CREATE TRIGGER another_answers BEFORE INSERT OR UPDATE OF answered_by_account_id ON year_end_answers FOR EACH ROW"
        " WHEN (NEW.answered_by_account_id IS NOT NULL)"
        " EXECUTE FUNCTION another_person('answered_by_account_id', 'asked_by_account_id')"
    )
    op.execute(
        "CREATE TRIGGER no_answerer_decides BEFORE INSERT OR UPDATE OF decided_by_account_id ON year_end_outcomes FOR EACH ROW"
        " WHEN (NEW.decided_by_account_id IS NOT NULL) EXECUTE FUNCTION no_answerer_decides()"
    )
    grant("year_end_questions, year_end_answers, year_end_outcomes, year_end_dossiers", intake="SELECT, INSERT")

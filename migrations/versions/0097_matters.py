"""挂号: candidates, focus issues and the county's register of matters; who leads, supervises and follows; money and labour."""

from alembic import op

from migrations.rights import grant

revision = "0097"
down_revision = "0096"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE matter_numbers (
  year INTEGER NOT NULL, last INTEGER NOT NULL,
  CONSTRAINT pk_matter_numbers PRIMARY KEY (year)
);
CREATE TABLE assets (
  id UUID NOT NULL, code TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, called JSONB NOT NULL, length_m INTEGER NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_assets PRIMARY KEY (id),
  CONSTRAINT ck_assets_kind CHECK (kind IN ('canal', 'road', 'pipe', 'embankment', 'power_line', 'bridge', 'other')),
  CONSTRAINT ck_assets_length_m CHECK (length_m > 0),
  CONSTRAINT uq_assets_code UNIQUE (code),
  CONSTRAINT fk_assets_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE TABLE problem_villages (
  id UUID NOT NULL, unit_id UUID NOT NULL, level TEXT NOT NULL, since DATE NOT NULL, because TEXT NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL, until DATE, ended_because TEXT,
  ended_at TIMESTAMP WITH TIME ZONE, ended_by_account_id UUID,
  CONSTRAINT pk_problem_villages PRIMARY KEY (id),
  CONSTRAINT ck_problem_villages_level CHECK (level IN ('province', 'city', 'county')),
  CONSTRAINT ck_problem_villages_interval CHECK (until >= since),
  CONSTRAINT ck_problem_villages_ended CHECK ((until IS NULL) = (ended_at IS NULL) AND (until IS NULL) = (ended_because IS NULL)),
  CONSTRAINT fk_problem_villages_unit_id FOREIGN KEY(unit_id) REFERENCES units (id),
  CONSTRAINT fk_problem_villages_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id),
  CONSTRAINT fk_problem_villages_ended_by_account_id FOREIGN KEY(ended_by_account_id) REFERENCES accounts (id)
);
CREATE UNIQUE INDEX uq_problem_villages_now ON problem_villages (unit_id, level) WHERE until IS NULL;
CREATE TABLE asset_segments (
  id UUID NOT NULL, asset_id UUID NOT NULL, unit_id UUID NOT NULL, from_m INTEGER NOT NULL, to_m INTEGER NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_asset_segments PRIMARY KEY (id),
  CONSTRAINT ck_asset_segments_metres CHECK (from_m >= 0 AND to_m > from_m),
  CONSTRAINT uq_asset_segments_asset_id_from_m UNIQUE (asset_id, from_m),
  CONSTRAINT fk_asset_segments_asset_id FOREIGN KEY(asset_id) REFERENCES assets (id),
  CONSTRAINT fk_asset_segments_unit_id FOREIGN KEY(unit_id) REFERENCES units (id),
  CONSTRAINT fk_asset_segments_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_asset_segments_unit_id ON asset_segments (unit_id);
CREATE TABLE matter_candidates (
  id UUID NOT NULL, unit_id UUID NOT NULL, segment_id UUID, branch TEXT NOT NULL, state TEXT NOT NULL, households INTEGER NOT NULL,
  households_then INTEGER, opened_at TIMESTAMP WITH TIME ZONE NOT NULL, seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
  figures JSONB NOT NULL,
  CONSTRAINT pk_matter_candidates PRIMARY KEY (id),
  CONSTRAINT ck_matter_candidates_state CHECK (state IN ('open', 'taken', 'set_aside', 'gone')),
  CONSTRAINT ck_matter_candidates_households_then CHECK ((state = 'set_aside') = (households_then IS NOT NULL)),
  CONSTRAINT fk_matter_candidates_unit_id FOREIGN KEY(unit_id) REFERENCES units (id),
  CONSTRAINT fk_matter_candidates_segment_id FOREIGN KEY(segment_id) REFERENCES asset_segments (id)
);
CREATE INDEX ix_matter_candidates_opened_at_id ON matter_candidates (opened_at, id);
CREATE INDEX ix_matter_candidates_watched ON matter_candidates (unit_id) WHERE state IN ('open', 'set_aside');
CREATE TABLE matter_candidate_looks (
  candidate_id UUID NOT NULL, looked_at TIMESTAMP WITH TIME ZONE NOT NULL, state TEXT NOT NULL, households INTEGER NOT NULL,
  figures JSONB NOT NULL,
  CONSTRAINT pk_matter_candidate_looks PRIMARY KEY (candidate_id, looked_at),
  CONSTRAINT ck_matter_candidate_looks_state CHECK (state IN ('open', 'taken', 'set_aside', 'gone')),
  CONSTRAINT fk_matter_candidate_looks_candidate_id FOREIGN KEY(candidate_id) REFERENCES matter_candidates (id)
);
CREATE TABLE matters (
  id UUID NOT NULL, number TEXT, year INTEGER, sequence INTEGER, unit_id UUID NOT NULL, category_code TEXT NOT NULL,
  title TEXT NOT NULL, segment_id UUID, candidate_id UUID, origin_on DATE NOT NULL, tension INTEGER NOT NULL,
  urgency TEXT NOT NULL, counted JSONB NOT NULL, because TEXT NOT NULL, determined_at TIMESTAMP WITH TIME ZONE NOT NULL,
  determined_by_account_id UUID NOT NULL, state TEXT NOT NULL, decided_at TIMESTAMP WITH TIME ZONE, decided_by_account_id UUID,
  decision TEXT, lead_unit_id UUID, round INTEGER DEFAULT 1 NOT NULL, version INTEGER DEFAULT 1 NOT NULL,
  CONSTRAINT pk_matters PRIMARY KEY (id),
  CONSTRAINT ck_matters_state CHECK (state IN ('determined', 'registered', 'declined')),
  CONSTRAINT ck_matters_tension CHECK (tension BETWEEN 1 AND 5),
  CONSTRAINT ck_matters_urgency CHECK (urgency IN ('normal', 'urgent', 'emergency')),
  CONSTRAINT ck_matters_decided CHECK ((state = 'determined') = (decided_at IS NULL)),
  CONSTRAINT ck_matters_decided_by_somebody CHECK ((decided_at IS NULL) = (decided_by_account_id IS NULL)),
  CONSTRAINT ck_matters_numbered CHECK ((state IN ('determined', 'declined')) = (number IS NULL)),
  CONSTRAINT ck_matters_registered_whole CHECK (num_nulls(number, year, sequence, lead_unit_id) IN (0, 4)),
  CONSTRAINT uq_matters_year_sequence UNIQUE (year, sequence),
  CONSTRAINT uq_matters_number UNIQUE (number),
  CONSTRAINT fk_matters_unit_id FOREIGN KEY(unit_id) REFERENCES units (id),
  CONSTRAINT fk_matters_segment_id FOREIGN KEY(segment_id) REFERENCES asset_segments (id),
  CONSTRAINT fk_matters_candidate_id FOREIGN KEY(candidate_id) REFERENCES matter_candidates (id),
  CONSTRAINT fk_matters_determined_by_account_id FOREIGN KEY(determined_by_account_id) REFERENCES accounts (id),
  CONSTRAINT fk_matters_decided_by_account_id FOREIGN KEY(decided_by_account_id) REFERENCES accounts (id),
  CONSTRAINT fk_matters_lead_unit_id FOREIGN KEY(lead_unit_id) REFERENCES units (id)
);
CREATE INDEX ix_matters_determined_at_id ON matters (determined_at, id);
CREATE INDEX ix_matters_unit_id_id ON matters (unit_id, id);
CREATE UNIQUE INDEX uq_matters_candidate ON matters (candidate_id) WHERE state <> 'declined';
CREATE TABLE matter_blockers (
  id UUID NOT NULL, matter_id UUID NOT NULL, code TEXT NOT NULL, since DATE NOT NULL, words TEXT NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL, ended_on DATE, ended_words TEXT,
  ended_at TIMESTAMP WITH TIME ZONE, ended_by_account_id UUID,
  CONSTRAINT pk_matter_blockers PRIMARY KEY (id),
  CONSTRAINT ck_matter_blockers_code CHECK (code IN ('funding', 'no_responsible_unit', 'no_consensus', 'land', 'approval',
    'technical', 'weather', 'other')),
  CONSTRAINT ck_matter_blockers_interval CHECK (ended_on >= since),
  CONSTRAINT ck_matter_blockers_ended CHECK ((ended_on IS NULL) = (ended_at IS NULL)),
  CONSTRAINT fk_matter_blockers_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_blockers_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id),
  CONSTRAINT fk_matter_blockers_ended_by_account_id FOREIGN KEY(ended_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_blockers_matter_id ON matter_blockers (matter_id);
CREATE UNIQUE INDEX uq_matter_blockers_now ON matter_blockers (matter_id, code) WHERE ended_on IS NULL;
CREATE TABLE matter_entries (
  id UUID NOT NULL, matter_id UUID NOT NULL, deed TEXT NOT NULL, source TEXT, happened_on DATE NOT NULL, words TEXT NOT NULL,
  reverses_id UUID, lines INTEGER NOT NULL, recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT ck_matter_entries_lines CHECK (lines >= 2),
  CONSTRAINT pk_matter_entries PRIMARY KEY (id),
  CONSTRAINT ck_matter_entries_deed CHECK (deed IN ('pledge', 'receive', 'spend', 'give_back', 'reverse')),
  CONSTRAINT ck_matter_entries_reverses CHECK ((deed = 'reverse') = (reverses_id IS NOT NULL)),
  CONSTRAINT ck_matter_entries_source CHECK (source IN ('finance', 'donation', 'members', 'collective', 'villagers', 'other')),
  CONSTRAINT fk_matter_entries_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT uq_matter_entries_reverses_id UNIQUE (reverses_id),
  CONSTRAINT fk_matter_entries_reverses_id FOREIGN KEY(reverses_id) REFERENCES matter_entries (id),
  CONSTRAINT fk_matter_entries_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_entries_matter_id ON matter_entries (matter_id);
CREATE TABLE matter_followers (
  id UUID NOT NULL, matter_id UUID NOT NULL, member_id UUID NOT NULL, rhythm_days INTEGER NOT NULL, since DATE NOT NULL,
  until DATE, recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE, ended_by_account_id UUID,
  CONSTRAINT pk_matter_followers PRIMARY KEY (id),
  CONSTRAINT ck_matter_followers_rhythm_days CHECK (rhythm_days BETWEEN 1 AND 92),
  CONSTRAINT ck_matter_followers_ended CHECK ((until IS NULL) = (ended_at IS NULL)),
  CONSTRAINT fk_matter_followers_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_followers_member_id FOREIGN KEY(member_id) REFERENCES members (id),
  CONSTRAINT fk_matter_followers_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id),
  CONSTRAINT fk_matter_followers_ended_by_account_id FOREIGN KEY(ended_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_followers_matter_id ON matter_followers (matter_id);
CREATE INDEX ix_matter_followers_member ON matter_followers (member_id) WHERE until IS NULL;
CREATE UNIQUE INDEX uq_matter_followers_now ON matter_followers (matter_id) WHERE until IS NULL;
CREATE TABLE matter_sites (
  id UUID NOT NULL, matter_id UUID NOT NULL, name TEXT NOT NULL, from_m INTEGER, to_m INTEGER,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_matter_sites PRIMARY KEY (id),
  CONSTRAINT ck_matter_sites_metres CHECK (num_nulls(from_m, to_m) IN (0, 2) AND (from_m IS NULL OR (from_m >= 0 AND to_m > from_m))),
  CONSTRAINT uq_matter_sites_matter_id_name UNIQUE (matter_id, name),
  CONSTRAINT fk_matter_sites_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_sites_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE TABLE matter_sources (
  matter_id UUID NOT NULL, source_id UUID NOT NULL, kind TEXT NOT NULL, joined_at TIMESTAMP WITH TIME ZONE NOT NULL,
  joined_by_account_id UUID NOT NULL, left_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_matter_sources PRIMARY KEY (matter_id, source_id),
  CONSTRAINT ck_matter_sources_kind CHECK (kind IN ('ticket', 'opinion')),
  CONSTRAINT fk_matter_sources_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_sources_joined_by_account_id FOREIGN KEY(joined_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_sources_source_id ON matter_sources (source_id);
CREATE UNIQUE INDEX uq_matter_sources_now ON matter_sources (source_id) WHERE left_at IS NULL;
CREATE TABLE matter_states (
  matter_id UUID NOT NULL, version INTEGER NOT NULL, known_at TIMESTAMP WITH TIME ZONE NOT NULL, state TEXT NOT NULL, number TEXT,
  tension INTEGER NOT NULL, lead_unit_id UUID, round INTEGER NOT NULL,
  CONSTRAINT pk_matter_states PRIMARY KEY (matter_id, version),
  CONSTRAINT fk_matter_states_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_states_lead_unit_id FOREIGN KEY(lead_unit_id) REFERENCES units (id)
);
CREATE TABLE matter_supervisors (
  id UUID NOT NULL, matter_id UUID NOT NULL, level TEXT NOT NULL, member_id UUID NOT NULL, unit_id UUID NOT NULL,
  since DATE NOT NULL, until DATE, recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE, ended_by_account_id UUID,
  CONSTRAINT pk_matter_supervisors PRIMARY KEY (id),
  CONSTRAINT ck_matter_supervisors_level CHECK (level IN ('county', 'township', 'village')),
  CONSTRAINT ck_matter_supervisors_ended CHECK ((until IS NULL) = (ended_at IS NULL)),
  CONSTRAINT fk_matter_supervisors_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_supervisors_member_id FOREIGN KEY(member_id) REFERENCES members (id),
  CONSTRAINT fk_matter_supervisors_unit_id FOREIGN KEY(unit_id) REFERENCES units (id),
  CONSTRAINT fk_matter_supervisors_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id),
  CONSTRAINT fk_matter_supervisors_ended_by_account_id FOREIGN KEY(ended_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_supervisors_matter_id ON matter_supervisors (matter_id);
CREATE INDEX ix_matter_supervisors_member ON matter_supervisors (member_id) WHERE until IS NULL;
CREATE UNIQUE INDEX uq_matter_supervisors_now ON matter_supervisors (matter_id, level) WHERE until IS NULL;
CREATE TABLE matter_tasks (
  id UUID NOT NULL, matter_id UUID NOT NULL, unit_id UUID NOT NULL, title TEXT NOT NULL, due_on DATE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_matter_tasks PRIMARY KEY (id),
  CONSTRAINT fk_matter_tasks_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_matter_tasks_unit_id FOREIGN KEY(unit_id) REFERENCES units (id),
  CONSTRAINT fk_matter_tasks_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_tasks_matter_id ON matter_tasks (matter_id);
CREATE INDEX ix_matter_tasks_unit_id ON matter_tasks (unit_id);
CREATE TABLE milestones (
  id UUID NOT NULL, matter_id UUID NOT NULL, title TEXT NOT NULL, recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_milestones PRIMARY KEY (id),
  CONSTRAINT fk_milestones_matter_id FOREIGN KEY(matter_id) REFERENCES matters (id),
  CONSTRAINT fk_milestones_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_milestones_matter_id ON milestones (matter_id);
CREATE TABLE follow_up_alarms (
  follower_id UUID NOT NULL, due_on DATE NOT NULL, raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_follow_up_alarms PRIMARY KEY (follower_id, due_on),
  CONSTRAINT fk_follow_up_alarms_follower_id FOREIGN KEY(follower_id) REFERENCES matter_followers (id)
);
CREATE TABLE follow_ups (
  id UUID NOT NULL, follower_id UUID NOT NULL, happened_on DATE NOT NULL, words TEXT NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_follow_ups PRIMARY KEY (id),
  CONSTRAINT fk_follow_ups_follower_id FOREIGN KEY(follower_id) REFERENCES matter_followers (id),
  CONSTRAINT fk_follow_ups_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_follow_ups_follower_id_happened_on ON follow_ups (follower_id, happened_on);
CREATE TABLE matter_postings (
  entry_id UUID NOT NULL, account TEXT NOT NULL, unit TEXT NOT NULL, amount BIGINT NOT NULL,
  CONSTRAINT pk_matter_postings PRIMARY KEY (entry_id, account, unit),
  CONSTRAINT ck_matter_postings_amount CHECK (amount <> 0),
  CONSTRAINT ck_matter_postings_unit CHECK (unit IN ('fen', 'half_day')),
  CONSTRAINT ck_matter_postings_account CHECK (account IN ('held', 'spent') OR split_part(account, ':', 1) IN ('source', 'due')
    AND split_part(account, ':', 2) IN ('finance', 'donation', 'members', 'collective', 'villagers', 'other')),
  CONSTRAINT fk_matter_postings_entry_id FOREIGN KEY(entry_id) REFERENCES matter_entries (id)
);
CREATE TABLE matter_site_inspections (
  id UUID NOT NULL, site_id UUID NOT NULL, happened_on DATE NOT NULL, passed BOOLEAN NOT NULL, words TEXT NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_matter_site_inspections PRIMARY KEY (id),
  CONSTRAINT fk_matter_site_inspections_site_id FOREIGN KEY(site_id) REFERENCES matter_sites (id),
  CONSTRAINT fk_matter_site_inspections_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_site_inspections_site_id ON matter_site_inspections (site_id);
CREATE TABLE matter_sites_shown (
  id UUID NOT NULL, site_id UUID NOT NULL, shown TEXT NOT NULL, happened_on DATE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_matter_sites_shown PRIMARY KEY (id),
  CONSTRAINT ck_matter_sites_shown_shown CHECK (shown IN ('before', 'after')),
  CONSTRAINT fk_matter_sites_shown_site_id FOREIGN KEY(site_id) REFERENCES matter_sites (id),
  CONSTRAINT fk_matter_sites_shown_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_sites_shown_site_id ON matter_sites_shown (site_id);
CREATE TABLE matter_task_reports (
  id UUID NOT NULL, task_id UUID NOT NULL, done_on DATE NOT NULL, words TEXT NOT NULL, done_by_account_id UUID NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, accepted BOOLEAN, decision TEXT, decided_at TIMESTAMP WITH TIME ZONE,
  decided_by_account_id UUID,
  CONSTRAINT pk_matter_task_reports PRIMARY KEY (id),
  CONSTRAINT ck_matter_task_reports_decided CHECK (num_nulls(decided_at, decided_by_account_id, accepted) IN (0, 3)),
  CONSTRAINT fk_matter_task_reports_task_id FOREIGN KEY(task_id) REFERENCES matter_tasks (id),
  CONSTRAINT fk_matter_task_reports_done_by_account_id FOREIGN KEY(done_by_account_id) REFERENCES accounts (id),
  CONSTRAINT fk_matter_task_reports_decided_by_account_id FOREIGN KEY(decided_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_matter_task_reports_task_id ON matter_task_reports (task_id);
CREATE UNIQUE INDEX uq_matter_task_reports_accepted ON matter_task_reports (task_id) WHERE accepted;
CREATE UNIQUE INDEX uq_matter_task_reports_waiting ON matter_task_reports (task_id) WHERE decided_at IS NULL;
CREATE TABLE milestone_plans (
  milestone_id UUID NOT NULL, nth INTEGER NOT NULL, planned_on DATE NOT NULL, because TEXT,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_milestone_plans PRIMARY KEY (milestone_id, nth),
  CONSTRAINT fk_milestone_plans_milestone_id FOREIGN KEY(milestone_id) REFERENCES milestones (id),
  CONSTRAINT fk_milestone_plans_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE TABLE milestones_done (
  milestone_id UUID NOT NULL, done_on DATE NOT NULL, words TEXT NOT NULL, recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_milestones_done PRIMARY KEY (milestone_id),
  CONSTRAINT fk_milestones_done_milestone_id FOREIGN KEY(milestone_id) REFERENCES milestones (id),
  CONSTRAINT fk_milestones_done_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE TABLE supervision_notes (
  id UUID NOT NULL, supervisor_id UUID NOT NULL, about TEXT NOT NULL, happened_on DATE NOT NULL, words TEXT NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, recorded_by_account_id UUID NOT NULL,
  CONSTRAINT pk_supervision_notes PRIMARY KEY (id),
  CONSTRAINT ck_supervision_notes_about CHECK (about IN ('township', 'village', 'work')),
  CONSTRAINT fk_supervision_notes_supervisor_id FOREIGN KEY(supervisor_id) REFERENCES matter_supervisors (id),
  CONSTRAINT fk_supervision_notes_recorded_by_account_id FOREIGN KEY(recorded_by_account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_supervision_notes_supervisor_id ON supervision_notes (supervisor_id)
"""

# Every entry adds up to nothing in each unit and has the lines it says, asked at the commit: so none is added or left out later.
_BALANCE = """
CREATE FUNCTION entry_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed jsonb := CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
  entry uuid := coalesce(changed ->> 'entry_id', changed ->> 'id');
BEGIN
  IF (SELECT lines FROM matter_entries WHERE id = entry) <> (SELECT count(*) FROM matter_postings WHERE entry_id = entry)
    OR EXISTS (SELECT FROM matter_postings WHERE entry_id = entry GROUP BY unit HAVING sum(amount) <> 0)
  THEN RAISE check_violation USING MESSAGE = 'an entry of a ledger adds up to nothing in each unit', CONSTRAINT = 'entry_adds_up'; END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_adds_up AFTER INSERT OR UPDATE ON matter_entries DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION entry_adds_up();
CREATE CONSTRAINT TRIGGER line_adds_up AFTER INSERT OR UPDATE OR DELETE ON matter_postings DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION entry_adds_up()
"""

# Whoever determined a focus issue does not put it into the register, and whoever did a sub-task does not accept it: by person.
_ANOTHER = (
    ("matters", "another_decides", "decided_by_account_id", "determined_by_account_id"),
    ("matter_task_reports", "another_accepts", "decided_by_account_id", "done_by_account_id"),
)
_KEPT = (  # what people wrote is written once
    "assets, asset_segments, matter_states, supervision_notes, follow_ups, matter_tasks, milestones, milestone_plans,"
    " milestones_done, matter_sites, matter_sites_shown, matter_site_inspections, matter_entries, matter_postings"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in _TABLES.split(";\n"):
        op.execute(statement)
    for statement in _BALANCE.split(";\nCREATE CONSTRAINT "):
        op.execute(statement if statement.lstrip().startswith("CREATE") else f"CREATE CONSTRAINT {statement}")
    for table, name, column, asked in _ANOTHER:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {column} ON {table} FOR EACH ROW"
            f" WHEN (NEW.{column} IS NOT NULL) EXECUTE FUNCTION another_person('{column}', '{asked}')"
        )
    op.execute("ALTER TABLE attachment_links DROP CONSTRAINT ck_attachment_links_subject_kind")
    op.execute(
        "ALTER TABLE attachment_links ADD CONSTRAINT ck_attachment_links_subject_kind"
        " CHECK (subject_kind IN ('complaint', 'work_log', 'call', 'opinion', 'help_item', 'mediation', 'matter'))"
    )
    for table in ("opinion_outcomes", "deliberations"):
        named = f"fk_{table}_matter_id_matters"
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {named} FOREIGN KEY (matter_id) REFERENCES matters (id)")
    _rights()


def _rights() -> None:
    grant(_KEPT, intake="SELECT, INSERT")
    looks = "state, households, households_then, seen_at, figures, branch, segment_id"
    grant("matter_candidates", intake="SELECT, UPDATE (state, households_then)", worker=f"SELECT, INSERT, UPDATE ({looks})")
    grant("matter_candidate_looks", intake="SELECT, INSERT", worker="SELECT, INSERT")
    decided = "state, decided_at, decided_by_account_id, decision"
    grant("matters", intake=f"SELECT, INSERT, UPDATE ({decided}, number, year, sequence, lead_unit_id, tension, version)")
    grant("matter_sources", intake="SELECT, INSERT, UPDATE (left_at)")
    grant("matter_numbers", intake="SELECT, INSERT, UPDATE (last)")
    grant("matter_supervisors, matter_followers", intake="SELECT, INSERT, UPDATE (until, ended_at, ended_by_account_id)")
    grant("matter_task_reports", intake="SELECT, INSERT, UPDATE (accepted, decision, decided_at, decided_by_account_id)")
    grant("matter_blockers", intake="SELECT, INSERT, UPDATE (ended_on, ended_words, ended_at, ended_by_account_id)")
    grant("problem_villages", intake="SELECT, INSERT, UPDATE (until, ended_because, ended_at, ended_by_account_id)")
    grant("follow_up_alarms", worker="SELECT, INSERT")

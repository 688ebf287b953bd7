"""What must not betray whoever spoke in confidence: matters about somebody (举报) never reach whoever they are about."""

from alembic import op

revision = "0087"
down_revision = "0086"
branch_labels = None
depends_on = None

_REFUSE = """
CREATE FUNCTION refuse_the_accused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM tickets t JOIN units u ON u.id = {unit}
    WHERE t.id = NEW.ticket_id AND t.accused IS NOT NULL AND t.accused ?| string_to_array(btrim(u.path, '/'), '/')
  ) THEN
    RAISE EXCEPTION 'this ticket is about that unit' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""
_REFUSE_HOLDER = """
CREATE FUNCTION refuse_an_accused_holder() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM units u WHERE u.id IN (NEW.lead_unit_id, NEW.desk_unit_id)
    AND NEW.accused ?| string_to_array(btrim(u.path, '/'), '/')
  ) OR NEW.accused ?| string_to_array(btrim(NEW.area_path, '/'), '/') THEN
    RAISE EXCEPTION 'this ticket is about whoever would hold it' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE tickets ADD COLUMN accused jsonb")
    op.create_check_constraint(op.f("ck_tickets_accused_in_confidence"), "tickets", "accused IS NULL OR privacy = 'confidential'")
    op.execute(f"CREATE INDEX {op.f('ix_tickets_accused')} ON tickets USING gin (accused) WHERE accused IS NOT NULL")
    # Without it PostgreSQL takes every matter for one about somebody until it looks by itself, and reads the whole table for each list.
    op.execute("ANALYZE tickets (accused)")
    _refuse_the_accused()


def _refuse_the_accused() -> None:
    """Whatever the application does: no order, call or instruction goes to a unit that the ticket is about, and it holds none."""
    for table, unit in (("assignments", "unit_id"), ("whistle_calls", "unit_id"), ("directives", "to_unit_id")):
        name = f"refuse_the_accused_{table}"
        op.execute(_REFUSE.replace("refuse_the_accused()", f"{name}()").format(unit=f"NEW.{unit}"))
        op.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    op.execute(_REFUSE_HOLDER)
    op.execute(
        "CREATE TRIGGER refuse_an_accused_holder BEFORE INSERT OR UPDATE OF lead_unit_id, desk_unit_id, area_path, accused ON tickets"
        " FOR EACH ROW WHEN (NEW.accused IS NOT NULL) EXECUTE FUNCTION refuse_an_accused_holder()"
    )

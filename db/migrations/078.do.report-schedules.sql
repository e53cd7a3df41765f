-- Reports of contracts that are sent by mail on the days of a calendar (domain/notification/report-schedule.ts).
CREATE TABLE report_schedules (
  id           uuid PRIMARY KEY,
  contract_id  uuid NOT NULL REFERENCES contracts (id),
  frequency    text NOT NULL CONSTRAINT report_schedules_frequency_known CHECK (frequency IN ('weekly', 'monthly', 'quarterly')),
  on_day       integer NOT NULL CONSTRAINT report_schedules_on_day CHECK (on_day BETWEEN 1 AND 31),
  at           text NOT NULL,
  enabled      boolean NOT NULL,
  -- The local day of the next report, and its instant as it was last computed; null while it is paused.
  next_date    date,
  next_due_at  timestamptz,
  last_date    date,
  last_due_at  timestamptz,
  actor        jsonb NOT NULL,
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL,
  CONSTRAINT report_schedules_next CHECK (enabled = (next_date IS NOT NULL) AND enabled = (next_due_at IS NOT NULL))
);
CREATE INDEX report_schedules_of_contract ON report_schedules (contract_id, id);
CREATE INDEX report_schedules_due ON report_schedules (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE TRIGGER report_schedules_people BEFORE INSERT OR UPDATE OF actor ON report_schedules FOR EACH ROW EXECUTE FUNCTION move_actor();

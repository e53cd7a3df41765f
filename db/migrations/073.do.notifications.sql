-- Mail: the events of which people have to know, and the mails that follow.

-- An event of which people may have to hear. The transaction of the event writes the row (`owe_notices`); planning it writes the mails.
-- There are no foreign keys, because each would lock its row in every transaction that writes an event.
CREATE TABLE notices (
  event_id     uuid PRIMARY KEY,
  event_type   text NOT NULL,
  contract_id  uuid,
  environment  text,
  -- owed; planned: its mails are rows of `notifications`; failed: planning it failed too often.
  state        text NOT NULL DEFAULT 'owed' CONSTRAINT notices_state_known CHECK (state IN ('owed', 'planned', 'failed')),
  attempts     integer NOT NULL DEFAULT 0,
  -- When it is planned next.
  due_at       timestamptz DEFAULT now(),
  problem      text,
  planned_at   timestamptz,
  CONSTRAINT notices_owed CHECK ((state = 'owed') = (due_at IS NOT NULL) AND (state = 'planned') = (planned_at IS NOT NULL))
);
CREATE INDEX notices_due ON notices (due_at, event_id) WHERE state = 'owed';
CREATE INDEX notices_failed ON notices (event_id) WHERE state = 'failed';
CREATE INDEX notices_planned ON notices (planned_at) WHERE state = 'planned';

-- Whether the workflow that plans notices waits to be woken by the next one, and on which Temporal server it was started.
CREATE TABLE notice_queue (
  id              boolean PRIMARY KEY DEFAULT true CONSTRAINT notice_queue_one_row CHECK (id),
  is_waiting      boolean NOT NULL DEFAULT true,
  workflow_epoch  text
);
INSERT INTO notice_queue DEFAULT VALUES;

-- An address that gets mail, once in any letter case, and what is known about it.
CREATE TABLE mail_recipients (
  id           uuid PRIMARY KEY DEFAULT uuidv7(),
  address      text NOT NULL,
  -- Null: the language of the installation.
  language     text CONSTRAINT mail_recipients_language_known CHECK (language IN ('en', 'de')),
  -- One mail a day in place of one for each notification that may wait.
  digest       boolean NOT NULL DEFAULT false,
  -- bounced: the mail server of the address refuses it for good; complained: the person calls the mail unwanted. Neither gets mail.
  status       text NOT NULL DEFAULT 'ok' CONSTRAINT mail_recipients_status_known CHECK (status IN ('ok', 'bounced', 'complained')),
  status_at    timestamptz,
  status_note  text,
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL,
  CONSTRAINT mail_recipients_marked CHECK ((status = 'ok') = (status_at IS NULL))
);
CREATE UNIQUE INDEX mail_recipients_address ON mail_recipients (lower(address));

-- The kinds of mail that an address does not want any more.
CREATE TABLE mail_unsubscriptions (
  recipient_id  uuid NOT NULL REFERENCES mail_recipients (id) ON DELETE CASCADE,
  kind          text NOT NULL,
  at            timestamptz NOT NULL,
  PRIMARY KEY (recipient_id, kind)
);

-- One mail to one address.
CREATE TABLE notifications (
  id              uuid PRIMARY KEY DEFAULT uuidv7(),
  kind            text NOT NULL,
  recipient_id    uuid NOT NULL REFERENCES mail_recipients (id),
  -- Why this address gets it (domain/notification/role.ts).
  role            text NOT NULL,
  -- Null: a digest.
  event_id        uuid,
  contract_id     uuid,
  customer_id     uuid,
  environment     text,
  -- What makes it one mail: `<event>:<kind>:<recipient>`, or `digest:<recipient>:<local date>`.
  dedupe_key      text NOT NULL CONSTRAINT notifications_once UNIQUE,
  -- waiting: for the digest of its day; owed: its workflow sends it; sent; included: a digest carried it; failed: refused for good, or not
  -- accepted for three days; suppressed: the address gets no mail, or does not want this kind.
  state           text NOT NULL CONSTRAINT notifications_state_known
                    CHECK (state IN ('waiting', 'owed', 'sent', 'included', 'failed', 'suppressed')),
  digest_id       uuid REFERENCES notifications (id),
  -- When the digest that carries it is due; when the next attempt is due. Null when it is over.
  due_at          timestamptz,
  attempts        integer NOT NULL DEFAULT 0,
  workflow_epoch  text,
  -- Why the last attempt failed, or why none follows: a code (domain/notification/outcome.ts) and the words of the mail server.
  problem         text,
  detail          text,
  created_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  CONSTRAINT notifications_ended CHECK ((state IN ('waiting', 'owed')) = (due_at IS NOT NULL) AND (due_at IS NULL) = (ended_at IS NOT NULL))
);
CREATE INDEX notifications_owed ON notifications (due_at, id) WHERE state = 'owed';
CREATE INDEX notifications_waiting ON notifications (recipient_id, due_at) WHERE state = 'waiting';
CREATE INDEX notifications_waiting_due ON notifications (due_at) WHERE state = 'waiting';
CREATE INDEX notifications_of_recipient ON notifications (recipient_id, id);
CREATE INDEX notifications_of_contract ON notifications (contract_id, id) WHERE contract_id IS NOT NULL;
CREATE INDEX notifications_of_customer ON notifications (customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX notifications_of_kind ON notifications (kind, id);
CREATE INDEX notifications_not_sent ON notifications (state, id) WHERE state <> 'sent';
CREATE INDEX notifications_of_digest ON notifications (digest_id) WHERE digest_id IS NOT NULL;
CREATE INDEX notifications_ended ON notifications (ended_at) WHERE ended_at IS NOT NULL;

-- Writes what is to be planned for new events, and notifies the workers if the workflow that plans it waits. The types are those of
-- `NOTICE_EVENTS` (domain/notification/kind.ts). Events of test licenses have no mail.
CREATE FUNCTION owe_notices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO notices (event_id, event_type, contract_id, environment)
  SELECT n.id, n.type, n.contract_id, n.environment FROM new_events n
  WHERE n.type IN (
    'billing.past_due', 'contract.api_key_revealed', 'contract.api_key_rotated', 'contract.expired', 'contract.reinstated',
    'contract.renewed', 'contract.suspended', 'contract.terminated', 'job.failed', 'license.assigned', 'license.reassigned',
    'limit.exceeded', 'pool.low_water', 'pool.replenish_blocked', 'pool.replenish_blocked_by_quota', 'quota.granted',
    'quota.threshold_reached', 'renewal.blocked', 'renewal.notice_due', 'renewal.opted_out', 'renewal.reminder_due', 'report.due',
    'webhook.disabled'
  ) AND n.data -> 'is_test' IS DISTINCT FROM 'true'::jsonb;
  IF FOUND THEN
    PERFORM pg_notify('notices', '') FROM notice_queue WHERE is_waiting;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER domain_events_owe_notices AFTER INSERT ON domain_events
  REFERENCING NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION owe_notices();

-- Kinds of rows that the sweep wakes (db/system/sweep.ts).
ALTER TABLE sweep_attempts DROP CONSTRAINT sweep_attempts_kind_known;
ALTER TABLE sweep_attempts ADD CONSTRAINT sweep_attempts_kind_known CHECK (kind IN
  ('boundary', 'late_timer', 'verification', 'behind_test_clock', 'billing_events', 'contract_workflow', 'time_zone_rules',
   'silent_job', 'paused_job', 'job_workflow', 'silent_operation', 'operation_workflow', 'test_clock', 'overdue_hold', 'low_pool',
   'schedule_run', 'schedule_workflow', 'owed_delivery', 'endpoint_workflow', 'owed_notice', 'owed_notification',
   'notification_workflow', 'due_digest', 'due_report', 'exceeded_limit'));

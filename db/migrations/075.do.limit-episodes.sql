-- Limits that are exceeded (domain.md 4.5): what was refused since the last look, and the episodes with their notices.

-- The largest single request of the refusals that no look has seen, and when the last one was, by the clock of the contract. Earlier
-- refusals open no episode.
ALTER TABLE refused_attempts
  ADD COLUMN largest bigint NOT NULL DEFAULT 0,
  ADD COLUMN last_at timestamptz,
  ADD COLUMN is_judged boolean NOT NULL DEFAULT true;

-- The time in which a limit of a contract is exceeded (domain/notification/limit-episode.ts). All times but those of the workflow are
-- by the clock of the contract.
CREATE TABLE limit_episodes (
  id               uuid PRIMARY KEY DEFAULT uuidv7(),
  contract_id      uuid NOT NULL REFERENCES contracts (id),
  limit_name       text NOT NULL CONSTRAINT limit_episodes_limit_known CHECK (limit_name IN ('quota')),
  opened_at        timestamptz NOT NULL,
  closed_at        timestamptz,
  close_reason     text CONSTRAINT limit_episodes_reason_known CHECK (close_reason IN ('limit_raised', 'released', 'quiet', 'contract_ended')),
  limit_value      bigint NOT NULL,
  used             bigint NOT NULL,
  demand           bigint NOT NULL,
  largest_request  bigint NOT NULL,
  last_refused_at  timestamptz NOT NULL,
  notices          integer NOT NULL,
  noticed_demand   bigint NOT NULL,
  noticed_at       timestamptz NOT NULL,
  reminders        integer NOT NULL,
  remind_at        timestamptz NOT NULL,
  -- When its workflow looks again; null when it is closed.
  next_look_at     timestamptz,
  workflow_epoch   text,
  CONSTRAINT limit_episodes_closed CHECK ((closed_at IS NULL) = (close_reason IS NULL) AND (closed_at IS NULL) = (next_look_at IS NOT NULL))
);
CREATE UNIQUE INDEX limit_episodes_one_open ON limit_episodes (contract_id, limit_name) WHERE closed_at IS NULL;
CREATE INDEX limit_episodes_of_contract ON limit_episodes (contract_id, id);

-- The notices of an episode, each with its domain event `limit.exceeded`.
CREATE TABLE limit_notices (
  episode_id   uuid NOT NULL REFERENCES limit_episodes (id),
  number       integer NOT NULL,
  occasion     text NOT NULL CONSTRAINT limit_notices_occasion_known CHECK (occasion IN ('opened', 'grown', 'reminder')),
  at           timestamptz NOT NULL,
  demand       bigint NOT NULL,
  limit_value  bigint NOT NULL,
  PRIMARY KEY (episode_id, number)
);

-- Refused calls of contracts' API keys (db/access/refused-call.ts): counts per contract, code and minute.
CREATE TABLE refused_calls (
  contract_id  uuid NOT NULL REFERENCES contracts (id),
  code         text NOT NULL,
  minute       timestamptz NOT NULL,
  calls        integer NOT NULL,
  PRIMARY KEY (contract_id, code, minute)
);
CREATE INDEX refused_calls_of_contract ON refused_calls (contract_id, minute, code);
CREATE INDEX refused_calls_by_minute ON refused_calls (minute);

-- How many samples were written for a contract: the next one replaces the oldest.
CREATE TABLE refused_call_rings (
  contract_id  uuid PRIMARY KEY REFERENCES contracts (id),
  samples      bigint NOT NULL
);

-- The last refused calls of a contract, at most 100, with the addresses of clients. They are removed after 30 days.
CREATE TABLE refused_call_samples (
  contract_id    uuid NOT NULL REFERENCES contracts (id),
  slot           smallint NOT NULL CONSTRAINT refused_call_samples_bounded CHECK (slot BETWEEN 0 AND 99),
  at             timestamptz NOT NULL,
  code           text NOT NULL,
  address        text,
  key_last_four  text NOT NULL,
  request_id     text NOT NULL,
  PRIMARY KEY (contract_id, slot)
);
CREATE INDEX refused_call_samples_by_age ON refused_call_samples (at);

-- Refused requests for licenses are counted per contract, minute and code: one row, however many are refused (decisions 40).

CREATE TABLE refused_attempts (
  contract_id      uuid NOT NULL REFERENCES contracts (id),
  minute           timestamptz NOT NULL,
  code             text NOT NULL,
  attempts         integer NOT NULL,
  licenses         bigint NOT NULL,
  last_actor_id    text NOT NULL,
  last_request_id  text,
  PRIMARY KEY (contract_id, minute, code)
);
CREATE INDEX refused_attempts_by_minute ON refused_attempts (minute);

-- A grant judges the row that it locks: what it needs to know stands on `contract_quotas`. Domain events are numbered there.
--
-- Every contract begins closed. Its first request settles it and opens it, so that the rule stands in one place only
-- (db/contract-quota.ts).

ALTER TABLE contract_quotas
  ADD COLUMN grantable_terms_id bigint CONSTRAINT quotas_grantable_terms REFERENCES license_terms (id),
  ADD COLUMN open_until timestamptz,
  ADD COLUMN event_sequence bigint NOT NULL DEFAULT 0,
  ADD CONSTRAINT quotas_open_with_terms CHECK ((grantable_terms_id IS NULL) = (open_until IS NULL));

ALTER TABLE domain_events ADD COLUMN sequence bigint;
UPDATE domain_events e SET sequence = numbered.sequence
FROM (SELECT id, row_number() OVER (PARTITION BY contract_id ORDER BY id) AS sequence FROM domain_events WHERE contract_id IS NOT NULL) numbered
WHERE e.id = numbered.id;
UPDATE contract_quotas q SET event_sequence = counted.events
FROM (SELECT contract_id, count(*) AS events FROM domain_events GROUP BY contract_id) counted
WHERE q.contract_id = counted.contract_id;
CREATE UNIQUE INDEX domain_events_sequence ON domain_events (contract_id, sequence);

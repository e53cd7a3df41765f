-- An import that is resumed has more than one event. Each counts the rows that were decided since the one before.
ALTER TABLE license_imports ADD COLUMN announced jsonb;
UPDATE license_imports i SET announced = e.data FROM domain_events e
WHERE e.contract_id = i.contract_id AND e.type = 'license.batch_imported' AND e.data ->> 'job_id' = i.id::text
  AND NOT EXISTS (SELECT FROM domain_events later WHERE later.contract_id = i.contract_id AND later.type = e.type
                    AND later.data ->> 'job_id' = i.id::text AND later.id > e.id);

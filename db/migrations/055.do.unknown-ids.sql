-- Texts of a request that are no ids of licenses have outcomes too.
ALTER TABLE license_operation_outcomes
  ADD COLUMN unknown_id text,
  ADD CONSTRAINT license_operation_outcomes_unknown CHECK ((license_id < 0) = (unknown_id IS NOT NULL));

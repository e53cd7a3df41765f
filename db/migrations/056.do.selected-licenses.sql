-- The licenses that the filter of a job selected when it was requested, while it has to decide about some of them. A job for exactly so many
-- licenses has none: it looks for licenses that it can change (db/license/selected-license.ts).
CREATE TABLE license_operation_selected (
  -- Checked at the commit: the rows are inserted before the operation, whose number of licenses they decide.
  operation_id  uuid NOT NULL REFERENCES license_operations (id) DEFERRABLE INITIALLY DEFERRED,
  last_id       bigint NOT NULL,
  -- Up to 500, as many as a batch decides about.
  ids           int8multirange NOT NULL,
  PRIMARY KEY (operation_id, last_id)
);

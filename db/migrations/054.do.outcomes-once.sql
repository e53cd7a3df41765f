-- The licenses that an operation could not change are in `license_operation_outcomes`, the first 100 too.
ALTER TABLE license_operations DROP COLUMN not_done;

-- An operation may have millions of outcomes. Planned for their average number, the first of an operation would be found by reading all of them.
ALTER TABLE license_operation_outcomes ALTER COLUMN operation_id SET (n_distinct = -0.0005);
ANALYZE license_operation_outcomes;

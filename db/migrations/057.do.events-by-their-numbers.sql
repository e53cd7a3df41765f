-- Lists of events are read by their numbers (domain_events_sequence), so each event writes one index entry less.
DROP INDEX CONCURRENTLY IF EXISTS domain_events_by_contract;

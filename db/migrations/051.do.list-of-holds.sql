-- The list of the holds of a contract, in each state.
CREATE INDEX CONCURRENTLY IF NOT EXISTS pool_holds_of_contract ON pool_holds (contract_id, state, created_at, id);

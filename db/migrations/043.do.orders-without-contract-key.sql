-- The statement of an order reads the contract and holds its lock, and contracts are never deleted. The key took a third of the insert of a
-- hold: one look-up and one row lock for each order of a hot pool.
ALTER TABLE pool_holds DROP CONSTRAINT pool_holds_contract_id_fkey;

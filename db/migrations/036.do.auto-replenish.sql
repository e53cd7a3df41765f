-- Up to how many available licenses a pool is filled by itself, as {"target": number}; null: only by hand.
ALTER TABLE contracts
  ADD COLUMN auto_replenish jsonb CONSTRAINT contracts_auto_replenish_of_pool CHECK (auto_replenish IS NULL OR type = 'pool');

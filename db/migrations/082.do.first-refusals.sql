-- When the first of the refusals was that no look has seen, by the clock of the contract: an episode begins with it. The time of rows that
-- are there is unknown; `last_at` stands for it.
ALTER TABLE refused_attempts ADD COLUMN first_at timestamptz;

-- Whether partners may call the interface with an API key of the contract.

ALTER TABLE contracts ADD COLUMN api_access boolean NOT NULL DEFAULT false;

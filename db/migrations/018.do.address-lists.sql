-- The addresses and networks from which the API key of a contract is accepted (domain/access/address-list.ts). Empty: every address.

ALTER TABLE contracts ADD COLUMN ip_allowlist text[] NOT NULL DEFAULT '{}';

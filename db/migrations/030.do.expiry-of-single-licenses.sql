-- Licenses that expire by themselves, counted from their assignment or first activation, and licenses that end with their contract.

ALTER TABLE contracts ADD COLUMN cap_expiry_at_contract_end boolean NOT NULL DEFAULT false;
-- The rule of licenses with an expiry of their own; null: their job has the expiry.
ALTER TABLE license_terms ADD COLUMN own_expiry jsonb;

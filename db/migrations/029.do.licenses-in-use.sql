-- What happens to a license after it was generated (domain/license/license-facts.ts). A license without a row was not used yet.
CREATE TABLE license_facts (
  license_id    bigint PRIMARY KEY,
  -- The customer to whom the license is assigned.
  customer_id   uuid REFERENCES customers (id),
  assigned_at   timestamptz,
  -- The end of a hold, during which the license is taken out of its pool for an order.
  held_until    timestamptz,
  -- The first activation on a device.
  activated_at  timestamptz,
  suspended_at  timestamptz,
  revoked_at    timestamptz,
  -- When the license expires, if that depends on its assignment or activation; null: as its job says.
  expires_at    timestamptz,
  CONSTRAINT license_facts_assigned_to_customer CHECK ((customer_id IS NULL) = (assigned_at IS NULL))
);
-- For lists by status and by customer. Most licenses have only some of these facts.
CREATE INDEX license_facts_of_customer ON license_facts (customer_id, license_id) WHERE customer_id IS NOT NULL;
CREATE INDEX license_facts_held ON license_facts (license_id) WHERE held_until IS NOT NULL;
CREATE INDEX license_facts_active ON license_facts (license_id) WHERE activated_at IS NOT NULL;
CREATE INDEX license_facts_suspended ON license_facts (license_id) WHERE suspended_at IS NOT NULL;
CREATE INDEX license_facts_revoked ON license_facts (license_id) WHERE revoked_at IS NOT NULL;
CREATE INDEX license_facts_expiring ON license_facts (license_id) WHERE expires_at IS NOT NULL;

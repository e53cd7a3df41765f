-- Licenses that were revoked or suspended, for programs that verify certificates without a connection and ask from time to time what changed.
CREATE TABLE withdrawal_counters (
  product_id  uuid PRIMARY KEY REFERENCES products (id),
  last        bigint NOT NULL
);
CREATE TABLE withdrawn_licenses (
  license_id  bigint PRIMARY KEY,
  product_id  uuid NOT NULL,
  sequence    bigint NOT NULL,
  status      text NOT NULL CONSTRAINT withdrawn_licenses_status_known CHECK (status IN ('revoked', 'suspended', 'reinstated')),
  CONSTRAINT withdrawn_licenses_sequence UNIQUE (product_id, sequence)
);

INSERT INTO withdrawn_licenses (license_id, product_id, sequence, status)
SELECT f.license_id, g.product_id, row_number() OVER (PARTITION BY g.product_id ORDER BY f.license_id),
       CASE WHEN f.revoked_at IS NOT NULL THEN 'revoked' ELSE 'suspended' END
FROM license_facts f
JOIN generation_jobs j ON j.serial = f.license_id >> 24
JOIN license_terms t ON t.id = j.terms_id
JOIN generators g ON g.id = t.generator_id
WHERE f.revoked_at IS NOT NULL OR f.suspended_at IS NOT NULL;

INSERT INTO withdrawal_counters (product_id, last) SELECT product_id, max(sequence) FROM withdrawn_licenses GROUP BY product_id;

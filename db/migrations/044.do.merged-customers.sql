-- Two customers are merged into one: the row of the other stays and names the survivor. `reference_id` is what rows refer to. A merged
-- customer has none, so Postgres refuses a merge while anything refers to the customer, and every reference that would come later.
ALTER TABLE customers ADD COLUMN merged_into uuid REFERENCES customers (id) CONSTRAINT customers_not_merged_into_itself CHECK (merged_into <> id);
ALTER TABLE customers ADD COLUMN reference_id uuid GENERATED ALWAYS AS (CASE WHEN merged_into IS NULL THEN id END) STORED CONSTRAINT customers_reference UNIQUE;
CREATE INDEX customers_by_survivor ON customers (merged_into) WHERE merged_into IS NOT NULL;

ALTER TABLE contracts DROP CONSTRAINT IF EXISTS contracts_customer_id_fkey;
ALTER TABLE contracts ADD CONSTRAINT contracts_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (reference_id);
ALTER TABLE license_facts DROP CONSTRAINT IF EXISTS license_facts_customer_id_fkey;
ALTER TABLE license_facts ADD CONSTRAINT license_facts_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (reference_id);
ALTER TABLE pool_holds DROP CONSTRAINT IF EXISTS pool_holds_customer_id_fkey;
ALTER TABLE pool_holds ADD CONSTRAINT pool_holds_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (reference_id);
ALTER TABLE license_operations DROP CONSTRAINT IF EXISTS license_operations_customer_id_fkey;
ALTER TABLE license_operations ADD CONSTRAINT license_operations_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (reference_id);

CREATE INDEX pool_holds_of_customer ON pool_holds (customer_id, id) WHERE customer_id IS NOT NULL;

-- A file can be imported again after an import that did not import all of it. The lock of the contract keeps simultaneous ones apart.
ALTER TABLE license_imports DROP CONSTRAINT license_imports_file_unique;
CREATE INDEX license_imports_of_file ON license_imports (contract_id, file_sha256);

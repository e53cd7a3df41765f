-- For warnings about quotas, and for the forecast of quotas that are nearly used.
CREATE INDEX CONCURRENTLY IF NOT EXISTS contract_quotas_by_threshold
  ON contract_quotas (thresholds_reached, (grantable_terms_id IS NOT NULL), forecast_at) WHERE thresholds_reached > 0;

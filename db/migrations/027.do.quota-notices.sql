-- Notices about quotas: how many thresholds the claimed licenses have reached, and when a quota is used up by its forecast.

ALTER TABLE contract_quotas
  ADD COLUMN thresholds_reached smallint NOT NULL DEFAULT 0,
  ADD COLUMN forecast_at timestamptz NOT NULL DEFAULT '-infinity',
  ADD COLUMN runs_out_on date;

UPDATE contract_quotas SET thresholds_reached = 1 + (claimed >= total)::int WHERE total - claimed <= total / 5;

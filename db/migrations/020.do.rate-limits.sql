-- Rate limits of contracts (domain.md 5.6): how often the API key of a contract may request licenses in a minute, an hour and a day.

ALTER TABLE contracts ADD COLUMN rate_limits jsonb NOT NULL DEFAULT
  '{"per_minute": null, "per_hour": null, "per_day": null, "licenses": {"per_minute": null, "per_hour": null, "per_day": null}}';

-- Limits and counters of the requests for licenses by the API key of a contract: one row for each contract that has or had limits. The
-- counters of a window count from its start; `admit_requests` writes them. The transaction that changes the contract copies the limits and
-- keeps the counters. Lock order: the quota row, then this row.
CREATE TABLE contract_rates (
  contract_id          uuid PRIMARY KEY REFERENCES contracts (id),
  -- Copies of contracts.rate_limits; null: no limit.
  per_minute           integer,
  per_hour             integer,
  per_day              integer,
  licenses_per_minute  integer,
  licenses_per_hour    integer,
  licenses_per_day     integer,
  minute_start         timestamptz NOT NULL DEFAULT '-infinity',
  minute_requests      integer NOT NULL DEFAULT 0,
  minute_licenses      bigint NOT NULL DEFAULT 0,
  hour_start           timestamptz NOT NULL DEFAULT '-infinity',
  hour_requests        integer NOT NULL DEFAULT 0,
  hour_licenses        bigint NOT NULL DEFAULT 0,
  day_start            timestamptz NOT NULL DEFAULT '-infinity',
  day_requests         integer NOT NULL DEFAULT 0,
  day_licenses         bigint NOT NULL DEFAULT 0
);

-- The clock of rate windows. Tests replace it to control the time.
CREATE FUNCTION rate_clock() RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN clock_timestamp();

-- The row at an instant: windows are fixed and aligned to UTC, a window that is over counts from 0, and none moves back with the clock.
CREATE FUNCTION rates_at(rates contract_rates, at timestamptz) RETURNS contract_rates LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF date_trunc('minute', at, 'UTC') > rates.minute_start THEN
    rates.minute_start := date_trunc('minute', at, 'UTC');
    rates.minute_requests := 0;
    rates.minute_licenses := 0;
  END IF;
  IF date_trunc('hour', at, 'UTC') > rates.hour_start THEN
    rates.hour_start := date_trunc('hour', at, 'UTC');
    rates.hour_requests := 0;
    rates.hour_licenses := 0;
  END IF;
  IF date_trunc('day', at, 'UTC') > rates.day_start THEN
    rates.day_start := date_trunc('day', at, 'UTC');
    rates.day_requests := 0;
    rates.day_licenses := 0;
  END IF;
  RETURN rates;
END
$$;

-- Judges requests for licenses by the windows of their contract, in their order, and counts those that are admitted. `counts` are the
-- licenses that they request, `keys` their idempotency keys. Each outcome is one of:
--   repeated   its key is stored with an earlier request
--   too_large  it requests more licenses than a window allows
--   limited    a window has too little left
--   admitted   all windows have enough left; it is counted
-- `rates` is the row afterwards, and `at` the instant of the judgement; null for a contract without limits, whose requests are all
-- admitted. It is a function because its statements must begin after the row's lock is granted: they see what was committed during the
-- wait, and the clock is read after it. A request that is not admitted changes nothing.
CREATE FUNCTION admit_requests(contract uuid, counts integer[], keys text[], OUT outcomes text[], OUT rates jsonb, OUT at timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
  r contract_rates;
  stored text[];
  admitted integer := 0;
BEGIN
  SELECT * INTO r FROM contract_rates WHERE contract_id = contract FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    outcomes := array_fill('admitted'::text, ARRAY[cardinality(counts)]);
    RETURN;
  END IF;
  at := rate_clock();
  r := rates_at(r, at);
  IF array_remove(keys, NULL) <> '{}' THEN
    stored := ARRAY(SELECT idempotency_key FROM generation_jobs WHERE contract_id = contract AND idempotency_key = ANY (keys));
  END IF;
  FOR i IN 1..cardinality(counts) LOOP
    IF keys[i] = ANY (stored) THEN
      outcomes[i] := 'repeated';
    ELSIF counts[i] > least(r.licenses_per_minute, r.licenses_per_hour, r.licenses_per_day) THEN
      outcomes[i] := 'too_large';
    ELSIF r.minute_requests >= r.per_minute OR r.hour_requests >= r.per_hour OR r.day_requests >= r.per_day
      OR r.minute_licenses + counts[i] > r.licenses_per_minute OR r.hour_licenses + counts[i] > r.licenses_per_hour
      OR r.day_licenses + counts[i] > r.licenses_per_day THEN
      outcomes[i] := 'limited';
    ELSE
      outcomes[i] := 'admitted';
      admitted := admitted + 1;
      r.minute_requests := r.minute_requests + 1;
      r.minute_licenses := r.minute_licenses + counts[i];
      r.hour_requests := r.hour_requests + 1;
      r.hour_licenses := r.hour_licenses + counts[i];
      r.day_requests := r.day_requests + 1;
      r.day_licenses := r.day_licenses + counts[i];
    END IF;
  END LOOP;
  IF admitted > 0 THEN
    UPDATE contract_rates SET
      (minute_start, minute_requests, minute_licenses, hour_start, hour_requests, hour_licenses, day_start, day_requests, day_licenses) =
      (r.minute_start, r.minute_requests, r.minute_licenses, r.hour_start, r.hour_requests, r.hour_licenses, r.day_start, r.day_requests, r.day_licenses)
    WHERE contract_id = contract;
  END IF;
  rates := to_jsonb(r);
END
$$;

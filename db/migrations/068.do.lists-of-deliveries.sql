-- Lists of deliveries by each filter. An update of a delivery writes all of its indexes, so the two of values that most rows have leave
-- them out: a list of these reads the newest rows.
CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_deliveries_of_type ON webhook_deliveries (event_type, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_deliveries_not_delivered ON webhook_deliveries (status, id) WHERE status <> 'delivered';
CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_deliveries_elsewhere ON webhook_deliveries (environment, id) WHERE environment <> 'production';

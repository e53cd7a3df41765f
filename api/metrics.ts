/** What the API counts, in Prometheus' form. */
import { Histogram, collectDefaultMetrics, register } from 'prom-client';

export { register } from 'prom-client';

const requests = new Histogram({
  name: 'covenant_http_request_duration_seconds',
  help: 'Requests by method, route and status.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
});

/** Counts one answered request. The route is its pattern, not its path, so that ids do not multiply the series. */
export function countRequest(method: string, route: string, status: number, duration_ms: number): void {
  requests.labels(method, route, String(status)).observe(duration_ms / 1000);
}

/** Adds the process's own figures; once per process. */
export function collectProcessMetrics(): void {
  if (!register.getSingleMetric('process_cpu_user_seconds_total')) collectDefaultMetrics();
}

/**
 * Advancing a test clock in a scenario: the applied boundaries must match the forecast, and an interrupted advance
 * continues.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createScenarioClient, ScenarioError, type ScenarioClient } from '../../demo/client';
import { advanceClock } from '../../demo/test-clock';

const FROM = '2027-01-01T00:00:00.000Z';
const TO = '2027-02-01T00:00:00.000Z';
const CLOCK = { clock_id: 'clock-1', contract_id: 'contract-1' };
const RENEWAL = { at: '2027-01-15T00:00:00.000Z', action: 'contract.renewed', state: 'ACTIVE', reason: 'auto' };
const EXPIRY = { at: '2027-01-20T00:00:00.000Z', action: 'contract.expired', state: 'EXPIRED', reason: null };

/** A simulated API with one clock. An advance completes, or fails, at the second read of the clock after its start. */
interface SimulatedApi {
  now: string;
  status: 'ready' | 'advancing' | 'failed';
  /** Why the next advance fails; null when it succeeds. */
  error: string | null;
  reads: number;
  advances: number;
  forecast: object[];
  applied: object[];
}

let server: Server;
let api: ScenarioClient;
let simulated: SimulatedApi;

beforeAll(async () => {
  server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    if (path.endsWith('/timeline')) {
      const past = simulated.now === TO;
      const data = (past ? simulated.applied : simulated.forecast).map((entry) => ({ ...entry, past }));
      response.end(JSON.stringify({ data, cut: false, query }));
      return;
    }
    if (request.method === 'POST') {
      simulated.advances += 1;
      simulated.status = 'advancing';
    } else if (simulated.status === 'advancing' && ++simulated.reads > 1) {
      if (simulated.error === null) Object.assign(simulated, { now: TO, status: 'ready' });
      else simulated.status = 'failed';
    }
    const { now, status, error } = simulated;
    response
      .writeHead(request.method === 'POST' ? 202 : 200)
      .end(JSON.stringify({ now, status, advancing_to: status === 'ready' ? null : TO, error }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  api = createScenarioClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'key');
});
afterAll(() => server.close());

beforeEach(() => {
  simulated = {
    now: FROM,
    status: 'ready',
    error: null,
    reads: 0,
    advances: 0,
    forecast: [RENEWAL],
    applied: [RENEWAL],
  };
});

test('an advance returns the applied boundaries', async () => {
  await expect(advanceClock(api, CLOCK, TO)).resolves.toEqual([{ ...RENEWAL, past: true }]);
  expect(simulated.advances).toBe(1);
});

test.each([
  ['that is not in the forecast', [RENEWAL, EXPIRY]],
  ['with another state than in the forecast', [{ ...RENEWAL, state: 'PAST_DUE' }]],
])('a boundary %s throws ScenarioError', async (_case, applied) => {
  simulated.applied = applied;
  await expect(advanceClock(api, CLOCK, TO)).rejects.toThrow(ScenarioError);
});

test('a boundary of the forecast that is not applied throws ScenarioError', async () => {
  simulated.forecast = [RENEWAL, EXPIRY];
  await expect(advanceClock(api, CLOCK, TO)).rejects.toThrow('the forecast was');
});

test('a running advance of an earlier start is awaited, not started again', async () => {
  simulated.status = 'advancing';
  await expect(advanceClock(api, CLOCK, TO)).resolves.toHaveLength(1);
  expect(simulated.advances).toBe(0);
});

test('an advance that fails says why', async () => {
  simulated.error = 'The contract contract-1 did not settle.';
  await expect(advanceClock(api, CLOCK, TO)).rejects.toThrow(simulated.error);
});

/**
 * The journeys of a story by its test clock: what comes is what was foretold, and an interrupted journey goes on.
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

/** A world of one clock: it arrives, or fails, when it is asked for the second time after it was sent off. */
interface World {
  now: string;
  status: 'ready' | 'advancing' | 'failed';
  /** Why it will fail. */
  error: string | null;
  asked: number;
  advances: number;
  foretold: object[];
  comes: object[];
}

let server: Server;
let api: ScenarioClient;
let world: World;

beforeAll(async () => {
  server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    if (path.endsWith('/timeline')) {
      const past = world.now === TO;
      const data = (past ? world.comes : world.foretold).map((entry) => ({ ...entry, past }));
      response.end(JSON.stringify({ data, cut: false, query }));
      return;
    }
    if (request.method === 'POST') {
      world.advances += 1;
      world.status = 'advancing';
    } else if (world.status === 'advancing' && ++world.asked > 1) {
      if (world.error === null) Object.assign(world, { now: TO, status: 'ready' });
      else world.status = 'failed';
    }
    const { now, status, error } = world;
    response
      .writeHead(request.method === 'POST' ? 202 : 200)
      .end(JSON.stringify({ now, status, advancing_to: status === 'ready' ? null : TO, error }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  api = createScenarioClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'key');
});
afterAll(() => server.close());

beforeEach(() => {
  world = { now: FROM, status: 'ready', error: null, asked: 0, advances: 0, foretold: [RENEWAL], comes: [RENEWAL] };
});

test('a journey tells what came', async () => {
  await expect(advanceClock(api, CLOCK, TO)).resolves.toEqual([{ ...RENEWAL, past: true }]);
  expect(world.advances).toBe(1);
});

test.each([
  ['that was not foretold', [RENEWAL, EXPIRY]],
  ['that leaves another state than was foretold', [{ ...RENEWAL, state: 'PAST_DUE' }]],
])('something %s ends the story', async (_case, comes) => {
  world.comes = comes;
  await expect(advanceClock(api, CLOCK, TO)).rejects.toThrow(ScenarioError);
});

test('something foretold that does not come ends the story', async () => {
  world.foretold = [RENEWAL, EXPIRY];
  await expect(advanceClock(api, CLOCK, TO)).rejects.toThrow('was foretold');
});

test('a journey that an earlier start began is waited for, not begun again', async () => {
  world.status = 'advancing';
  await expect(advanceClock(api, CLOCK, TO)).resolves.toHaveLength(1);
  expect(world.advances).toBe(0);
});

test('an advance that fails says why', async () => {
  world.error = 'The contract contract-1 did not settle.';
  await expect(advanceClock(api, CLOCK, TO)).rejects.toThrow(world.error);
});

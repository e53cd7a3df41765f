/**
 * A partner with 64 callers on two API processes: the limit of each window is admitted exactly, over its edge and while limits are
 * edited, and a rotation of the key loses no call with an overlap, and admits none without (domain.md 5.6). The test sets the clock of
 * the windows.
 */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { findRateCounts } from '../../db/generation/rate';
import type { Instant } from '../../domain/base/instant';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { startCovenantProcess } from '../harness/covenant-process';
import type { CovenantProcess } from '../harness/covenant-process';
import { gate } from '../harness/gate';
import { expectInvariants } from '../harness/invariants';
import { lockRows } from '../harness/locked-rows';
import { controlRateClock } from '../harness/rate-clock';

const CALLERS = 64;
/** Calls of one test, so that callers also end when what they wait for does not come. */
const CALLS_MAX = 2_000;
/** How a key that is no longer accepted is answered: after some failures of an address without a reason. */
const REJECTED = ['INVALID_API_KEY', 'TOO_MANY_FAILED_AUTHENTICATIONS'];
/** Two instants of successive minutes, and the seconds that are left of each. */
const FIRST = { at: '2026-03-01T12:00:30.000Z', seconds_left: 30 };
const SECOND = { at: '2026-03-01T12:01:10.000Z', seconds_left: 50 };

/** The API that edits contracts and rotates keys. The partner does not call it. */
let api: TestApi;
let processes: CovenantProcess[];
let catalogue: TestCatalogue;
let setTime: (at: Instant) => Promise<void>;
/** The calls that this test may still send; none after a caller failed. */
let calls_left: number;
const agent = new Agent({ keepAlive: true });

jest.setTimeout(60_000);

beforeAll(async () => {
  const secret = randomBytes(32);
  api = await startTestApi({ sealingKeys: [{ version: 'v1', secret }] });
  const env = { COVENANT_SEALING_KEYS: `v1:${secret.toString('base64')}` };
  const starting = [
    startCovenantProcess(api, 'api/main.ts', { env }),
    startCovenantProcess(api, 'api/main.ts', { env }),
  ];
  [processes, catalogue, setTime] = await Promise.all([
    Promise.all(starting),
    addCatalogue(api),
    controlRateClock(api.sql, FIRST.at),
  ]);
});
beforeEach(async () => {
  calls_left = CALLS_MAX;
  await setTime(FIRST.at);
});
afterEach(() => expectInvariants(api.sql));
afterAll(async () => {
  agent.destroy();
  for (const { stop } of processes) await stop();
  await api.close();
});

interface Partner {
  id: string;
  key: string;
}

async function addPartner(per_minute: number): Promise<Partner> {
  const more = { quota: 1_000_000, api_access: true, rate_limits: { per_minute } };
  const { id, api_access } = await addContract(api, catalogue, more);
  return { id, key: api_access.key };
}

interface Answer {
  /** `granted`, or the code of the refusal. */
  outcome: string;
  /** The seconds until the window ends, which tell the windows apart. */
  seconds_left: number | null;
}

/** Requests one license. */
function generate(origin: string, { id, key }: Partner): Promise<Answer> {
  const body = JSON.stringify({ count: 1 });
  const headers = {
    Authorization: `Bearer ${key}`,
    'Content-Type': 'application/json',
    'Content-Length': body.length,
  };
  return new Promise((resolve, reject) => {
    if (calls_left-- <= 0) throw new Error('too many calls, or another caller failed');
    const url = `${origin}/api/v1/contracts/${id}/generate`;
    const sent = request(url, { agent, method: 'POST', headers }, (response) => {
      const left = /;t=(\d+)$/.exec(response.headers['ratelimit']?.toString() ?? '')?.[1];
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.once('end', () => {
        const outcome = response.statusCode === 201 ? 'granted' : (JSON.parse(text) as { code: string }).code;
        resolve({ outcome, seconds_left: left === undefined ? null : Number(left) });
      });
    });
    sent.once('error', reject).end(body);
  });
}

/** Runs all callers together, each with one of the processes. When one fails, the others end with their next call. */
async function runCallers(call: (origin: string, caller: number) => Promise<void>): Promise<void> {
  const origins = processes.map(({ url }) => url);
  const calling = Array.from({ length: CALLERS }, (_, caller) =>
    call(origins[caller % origins.length] as string, caller),
  );
  try {
    await Promise.all(calling);
  } catch (error) {
    calls_left = 0;
    await Promise.allSettled(calling);
    throw error;
  }
}

async function rotate({ id }: Partner, overlap_minutes: number): Promise<Partner> {
  const { status, body } = await api.call('POST', `/contracts/${id}/api-key/rotate`, { body: { overlap_minutes } });
  expect(status).toBe(200);
  return { id, key: body.key };
}

async function usedOf({ id }: Partner): Promise<number | undefined> {
  return (await findRateCounts(api.sql, id))?.windows[0]?.used;
}

/** Counts the admitted requests of each window. */
function createTally() {
  const admitted: Record<number, number> = {};
  return {
    admitted,
    add({ outcome, seconds_left }: Answer): void {
      expect(['granted', 'RATE_LIMITED']).toContain(outcome);
      if (outcome === 'granted') admitted[seconds_left ?? 0] = (admitted[seconds_left ?? 0] ?? 0) + 1;
    },
  };
}

test('callers that go on over the edge of a window are admitted exactly to the limit of both', async () => {
  const partner = await addPartner(40);
  const tally = createTally();
  const first_is_full = gate();
  const calling = runCallers(async (origin) => {
    for (;;) {
      const answer = await generate(origin, partner);
      tally.add(answer);
      if (answer.outcome === 'granted') continue;
      if (answer.seconds_left === SECOND.seconds_left) return;
      first_is_full.arrive();
    }
  });
  await Promise.race([first_is_full.reached, calling]);
  await setTime(SECOND.at);
  await calling;
  expect(tally.admitted).toEqual({ [FIRST.seconds_left]: 40, [SECOND.seconds_left]: 40 });
});

test('requests that wait over the edge of a window are admitted exactly to the limit of the later one', async () => {
  const partner = await addPartner(40);
  const tally = createTally();
  const row = await lockRows(
    api.sql,
    (tx) => tx`SELECT FROM contract_quotas WHERE contract_id = ${partner.id} FOR UPDATE`,
  );
  const calling = runCallers(async (origin) => tally.add(await generate(origin, partner)));
  await waitUntilBlocked(api.sql, processes.length);
  await setTime(SECOND.at);
  await row.release();
  await calling;
  expect(tally.admitted).toEqual({ [SECOND.seconds_left]: 40 });
});

test('limits that are edited meanwhile hold from the next request on, and what was counted stays counted', async () => {
  const partner = await addPartner(10);
  const tally = createTally();
  const callAll = () => runCallers(async (origin) => tally.add(await generate(origin, partner)));
  const limits = [25, 15, 60];
  for (const [index, per_minute] of limits.entries()) {
    const calling = callAll();
    const edited = await api.call('PATCH', `/contracts/${partner.id}`, { body: { rate_limits: { per_minute } } });
    expect(edited.status).toBe(200);
    await calling;
    await callAll();
    const admitted = Math.max(...limits.slice(0, index + 1));
    expect([await usedOf(partner), tally.admitted]).toEqual([admitted, { [FIRST.seconds_left]: admitted }]);
  }
});

test('a rotation with an overlap loses no call, and both keys share the limit', async () => {
  const former = await addPartner(300);
  const tally = createTally();
  const warm = gate();
  let answered = 0;
  const known: { current?: Partner } = {};
  const calling = runCallers(async (origin, caller) => {
    // Half of the callers know only the former key.
    for (let after = 0; after < 5;) {
      if (known.current) after += 1;
      tally.add(await generate(origin, caller % 4 < 2 ? former : (known.current ?? former)));
      if (++answered === CALLERS) warm.arrive();
    }
  });
  await Promise.race([warm.reached, calling]);
  known.current = await rotate(former, 5);
  await calling;
  expect(tally.admitted).toEqual({ [FIRST.seconds_left]: 300 });
});

test('after a rotation without an overlap, no call with the former key is admitted or judged by the rate', async () => {
  const former = await addPartner(150);
  const warm = gate();
  let answered = 0;
  const known: { current?: Partner } = {};
  const calling = runCallers(async (origin) => {
    while (!known.current) {
      await generate(origin, former);
      if (++answered === CALLERS) warm.arrive();
    }
    expect(REJECTED).toContain((await generate(origin, former)).outcome);
    expect(['granted', 'RATE_LIMITED']).toContain((await generate(origin, known.current)).outcome);
  });
  await Promise.race([warm.reached, calling]);
  known.current = await rotate(former, 0);
  await calling;
});

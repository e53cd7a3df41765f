/**
 * The upper bounds of `grab`, `validate` and `activate`: the statements of the product behind a bare `node:http` server, without API keys,
 * schemas, routes and logs; and for `validate` the same query in an application of stock Express. It is a separate process, like the API.
 * It writes its origin as one line, and exits when its standard input closes.
 *
 * bench/bare-server.ts starts it. DATABASE_URL names the database.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import { API_POOL_SIZE } from '../config';
import { storePerson } from '../db/access/person';
import { openDatabase } from '../db/base/database';
import { useDevice } from '../db/license/device';
import { findAskedLicenses } from '../db/license/validation';
import { newId } from '../transactions/base/new-id';
import { createLicenseLookUps } from '../transactions/license/look-up-licenses';
import { createMergedGrabs } from '../transactions/pool/merge-grabs';

const ACTOR = { type: 'user', id: '00000000-0000-7000-8000-000000000000', name: 'Benchmark' } as const;

const db = openDatabase(process.env['DATABASE_URL'] ?? '', { max: API_POOL_SIZE, application_name: 'covenant bench' });
/** The ids of the name are known before, as for the requests of the API. */
const stored_as = storePerson(db, ACTOR);
const grab = createMergedGrabs(db);
const lookUp = createLicenseLookUps(db);

interface FieldBody {
  key: string;
  device_id: string;
  order_ref: string;
}

/** The bare routes, by their paths. That of a grab is followed by the id of the contract. */
const ROUTES: Record<string, (body: FieldBody, id: string, now: string) => Promise<unknown>> = {
  async grab({ order_ref }, contract_id, now) {
    const request = {
      count: 1,
      customer_id: null,
      hold_minutes: 15,
      fingerprint: '',
      request_id: null,
      caller_key: null,
    };
    const grabbed = { ...request, hold_id: newId(now), order_ref, actor: { ...ACTOR, stored_as: await stored_as } };
    const outcome = await grab({ contract_id, grab: grabbed, now, arrived_ms: performance.now() });
    if (typeof outcome === 'string' || !('licenses' in outcome))
      throw new Error(`The pool gave nothing: ${JSON.stringify(outcome)}`);
    return outcome.licenses;
  },
  validate: ({ key }, _, now) => lookUp({ key, device_id: null, now }),
  activate: ({ key, device_id }, _, now) =>
    useDevice(db, { action: 'activate', key, device_id, device_name: null, now }, null, db.lockTurns.limits.attempt_ms),
};

function serveBare(request: IncomingMessage, response: ServerResponse): void {
  const [, name = '', id = ''] = (request.url ?? '').split('/');
  void text(request)
    .then((body) => ROUTES[name]?.(JSON.parse(body) as FieldBody, id, new Date().toISOString()))
    .then((answer) => JSON.stringify(answer ?? null))
    .then(
      (answer) =>
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) })
          .end(answer),
      (error: unknown) =>
        response.writeHead(500, { 'content-length': Buffer.byteLength(String(error)) }).end(String(error)),
    );
}

/** Express as its documentation shows it, with one query for each request. */
const stock = express();
stock.use(express.json());
stock.post('/stock/validate', async (request, response) => {
  const { key } = request.body as FieldBody;
  const [license] = await findAskedLicenses(db, [{ key, device_id: null, now: new Date().toISOString() }]);
  response.json(license ?? null);
});

const server = createServer((request, response) => {
  if (request.url?.startsWith('/stock/') === true) stock(request, response);
  else serveBare(request, response);
});

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().once('end', () => process.exit(0));

/** Reads holds of pools: one with its licenses, and the list of a contract. */
import { reachesContract, seesLicenseKeys } from '../../domain/access/caller';
import { notFound } from '../../domain/base/refusal';
import { maskKey } from '../../domain/catalogue/license-key';
import { HOLD_STATES } from '../../domain/pool/hold';
import { findContract } from '../../db/contract/contract';
import { findHold, listHeldLicenses } from '../../db/pool/hold';
import { listHolds } from '../../db/pool/hold-list';
import { PageOf, PageQuery, cursorsByCreation, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { IdParams } from '../http/shapes';
import { z } from '../http/zod';
import { HoldShape, ListedHoldShape, presentHold, presentListedHold } from './hold-presenter';

const HoldQuery = PageQuery.extend({
  state: z.enum(HOLD_STATES).optional().describe('The state now: a hold is expired from `held_until` on'),
  order: z.enum(['asc', 'desc']).default('desc'),
});

const CURSORS = cursorsByCreation('holds');

export const holdListRoutes: Route[] = [
  route({
    operation_id: 'getHold',
    method: 'get',
    path: '/api/v1/holds/:id',
    tag: 'Pools',
    summary: 'Read a hold',
    description: 'With the licenses that it has now. Viewers get masked keys.',
    params: IdParams,
    answers: { 200: { description: 'The hold', schema: HoldShape } },
    audit: [],
    async handle({ api, params, caller, now }) {
      const hold = await findHold(api.db, params.id);
      if (!hold || !reachesContract(caller, hold.contract_id)) return notFound('hold', params.id);
      const held = await listHeldLicenses(api.db, hold.id, hold.clock_now ?? now);
      const shown = seesLicenseKeys(caller)
        ? await api.signedKeys.ofLicenses(api.db, held, now)
        : held.map((one) => ({ ...one, key: maskKey(one.key) }));
      return { status: 200, body: presentHold(hold, shown, { caller, now }) };
    },
  }),
  route({
    operation_id: 'listHolds',
    method: 'get',
    path: '/api/v1/contracts/:id/holds',
    tag: 'Pools',
    summary: 'List the holds of a contract',
    description:
      'Newest first by default; `order` reverses it. Orders whose licenses were assigned at once are in it too.',
    params: IdParams,
    query: HoldQuery,
    answers: { 200: { description: 'One page', schema: PageOf(ListedHoldShape) } },
    audit: [],
    async handle({ api, params, query, caller, now }) {
      const { id: contract_id } = params;
      const { state, order, limit } = query;
      const after = CURSORS.read(query.cursor);
      if (!reachesContract(caller, contract_id) || !(await findContract(api.db, contract_id)))
        return notFound('contract', contract_id);
      const page = { order, after, limit: limit + 1 };
      const rows = await api.readList((sql) => listHolds(sql, { contract_id, state, now }, page));
      return { status: 200, body: pageOf(rows, limit, (row) => presentListedHold(row, { caller, now }), CURSORS) };
    },
  }),
];

/** The signed list of withdrawn licenses, for programs that verify certificates without a connection (docs/verify-offline.md). */
import { isRefusal, refuse } from '../../domain/base/refusal';
import { WITHDRAWALS_MAX } from '../../domain/license/withdrawal';
import { signWithdrawals } from '../../transactions/license/withdrawals';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { IdParams } from '../http/shapes';
import { z } from '../http/zod';

const SequenceShape = z
  .string()
  .regex(/^\d{1,18}$/, 'must be `until` of an earlier answer')
  .openapi({ example: '1042' });

const WithdrawalsShape = z
  .object({
    list: z
      .string()
      .describe(
        `A JWS in its compact form (EdDSA, typ license-withdrawals+jwt). Its claims have aud (the id of the product), iat, since, until, more, and licenses: the status (revoked, suspended or reinstated) by license id, of at most ${WITHDRAWALS_MAX} licenses`,
      ),
    until: SequenceShape.describe('`since` of the next request'),
    more: z.boolean().describe('Whether the list goes on'),
  })
  .openapi('WithdrawnLicenses');

export const withdrawalRoutes: Route[] = [
  route({
    operation_id: 'getWithdrawnLicenses',
    method: 'get',
    path: '/api/v1/products/:id/revoked',
    tag: 'Signed licenses',
    summary: 'Read which licenses of a product were withdrawn',
    description: [
      'For programs that verify certificates without a connection, and ask from time to time what has changed: licenses that were revoked, suspended or reinstated since the last answer, signed, each with its latest status.',
      'It names licenses by their ids (`sub` of a certificate), and no keys. Needs no API key. After too many reads from one address in a minute, it waits until the next.',
      'A suspension of the contract is not in the list.',
    ].join(' '),
    params: IdParams,
    query: z.object({ since: SequenceShape.default('0').describe('`until` of the last answer; 0: everything') }),
    answers: { 200: { description: 'One part of the list', schema: WithdrawalsShape } },
    refusals: ['SIGNING_NOT_CONFIGURED', 'SIGNING_KEY_MISSING', 'SIGNING_KEY_UNREADABLE', 'TOO_MANY_LIST_READS'],
    audit: [],
    async handle({ api, params, query, client, now, request_id }) {
      const from = client();
      api.withdrawalReads.refuseLimited(from);
      await api.withdrawalReads.count(from, request_id);
      const { signing, publicUrl: url } = api;
      if (signing === undefined) return refuse('SIGNING_NOT_CONFIGURED');
      const body = await signWithdrawals(api.db, params.id, query.since, { signing, url }, now);
      return isRefusal(body) ? body : { status: 200, body };
    },
  }),
];

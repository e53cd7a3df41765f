/** `/me`: who calls, for every caller with a key or a session. */
import type { KnownCaller } from '../../domain/access/caller';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { EnvironmentShape, Id } from '../http/shapes';
import { z } from '../http/zod';
import { RoleShape } from './admin';

const ApiKeyId = Id.describe('The API key of this request');

const MeShape = z
  .union([
    z
      .object({
        kind: z.literal('admin'),
        id: Id,
        email: z.string(),
        name: z.string().describe('The name that the audit shows'),
        role: RoleShape,
        api_key_id: ApiKeyId,
      })
      .openapi('MeAdmin'),
    z
      .object({
        kind: z.literal('session'),
        id: Id,
        email: z.string(),
        name: z.string().describe('The name that the audit shows'),
        role: RoleShape,
        session_id: Id.describe('The session of this request'),
      })
      .openapi('MeSession'),
    z
      .object({
        kind: z.literal('contract'),
        contract_id: Id.describe('The contract to which the key belongs'),
        environment: EnvironmentShape,
        key_id: z.string().describe('The public part of the key'),
        api_key_id: ApiKeyId,
      })
      .openapi('MeContract'),
  ])
  .openapi('Me');

export const callerRoutes: Route[] = [
  route({
    operation_id: 'getCaller',
    method: 'get',
    path: '/api/v1/me',
    tag: 'People',
    summary: 'Read the caller of this key or session',
    answers: {
      200: {
        description: 'The admin or the contract to which the API key belongs, or the admin of the session',
        schema: MeShape,
      },
    },
    audit: [],
    handle: ({ caller }) => Promise.resolve({ status: 200, body: presentCaller(caller) }),
  }),
];

function presentCaller(caller: KnownCaller) {
  switch (caller.kind) {
    case 'admin': {
      const { kind, id, email, name, role, api_key_id } = caller;
      return { kind, id, email, name, role, api_key_id };
    }
    case 'session': {
      const { kind, id, email, name, role, session } = caller;
      return { kind, id, email, name, role, session_id: session.id };
    }
    case 'contract': {
      const { kind, contract_id, environment, key_id, api_key_id } = caller;
      return { kind, contract_id, environment, key_id, api_key_id };
    }
  }
}

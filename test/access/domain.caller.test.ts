/**
 * Decisions that depend on the caller, besides its permissions: an anonymous caller is no viewer, and a caller has one name for
 * all its keys.
 */
import {
  ANONYMOUS,
  actorOf,
  callerName,
  channelOf,
  reachesContract,
  seesDeletedContracts,
  seesLicenseKeys,
} from '../../domain/access/caller';
import type { AdminCaller, ContractCaller } from '../../domain/access/caller';
import { ROLES } from '../../domain/access/role';
import type { Role } from '../../domain/access/role';

function admin(role: Role, more: Partial<AdminCaller> = {}): AdminCaller {
  const known = { name_id: null, origin_ids: {} };
  return {
    kind: 'admin',
    by: 'api_key',
    id: 'ada',
    email: 'ada@x.test',
    name: 'Ada',
    role,
    api_key_id: 'k1',
    known,
    ...more,
  };
}

test('operators and above see license keys, admins and above see deleted contracts, and anonymous callers see neither', () => {
  expect(ROLES.filter((role) => seesLicenseKeys(admin(role)))).toEqual(['super_admin', 'admin', 'operator']);
  expect(ROLES.filter((role) => seesDeletedContracts(admin(role)))).toEqual(['super_admin', 'admin']);
  expect([seesLicenseKeys(ANONYMOUS), seesDeletedContracts(ANONYMOUS)]).toEqual([false, false]);
});

test('an admin has one caller name for all their keys and roles, and another admin has another name', () => {
  const name = callerName(admin('viewer'));
  expect(callerName(admin('admin', { api_key_id: 'k2' }))).toBe(name);
  expect(callerName(admin('viewer', { id: 'eve' }))).not.toBe(name);
});

test('an admin generates by the channel ui, whatever their role', () => {
  expect(new Set(ROLES.map((role) => channelOf(admin(role))))).toEqual(new Set(['ui']));
});

test('acts are audited with the admin, and with the address if there is one', () => {
  const actor = { type: 'user', id: 'ada', name: 'Ada' };
  expect(actorOf(admin('admin'), '192.0.2.7')).toEqual({ ...actor, ip: '192.0.2.7' });
  expect(actorOf(admin('admin'), undefined)).toEqual(actor);
});

const CONTRACT_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const contract: ContractCaller = {
  kind: 'contract',
  last_four: '1234',
  ip_allowlist: [],
  by: 'api_key',
  id: 'k9',
  api_key_id: 'k9',
  key_id: 'AbCdEfGhIjKl',
  name: 'API key …wxyz',
  contract_id: CONTRACT_ID,
  environment: 'production',
  known: { name_id: null, origin_ids: {} },
};

test('the key of a contract generates by the channel api, sees license keys, and reaches its own contract only', () => {
  expect([channelOf(contract), seesLicenseKeys(contract), seesDeletedContracts(contract)]).toEqual([
    'api',
    true,
    false,
  ]);
  expect(reachesContract(contract, CONTRACT_ID.toUpperCase())).toBe(true);
  expect(reachesContract(contract, CONTRACT_ID.replace('a', 'b'))).toBe(false);
  expect([reachesContract(admin('viewer'), CONTRACT_ID), reachesContract(ANONYMOUS, CONTRACT_ID)]).toEqual([
    true,
    false,
  ]);
});

test('a contract has one caller name for all its keys, and acts are audited with the key', () => {
  expect(callerName({ ...contract, id: 'k10', api_key_id: 'k10' })).toBe(callerName(contract));
  expect(actorOf(contract, '192.0.2.7')).toEqual({ type: 'api_key', id: 'k9', name: 'API key …wxyz', ip: '192.0.2.7' });
});

/** The devices of a license: programs activate, deactivate and report them; admins list and remove them. */
import { findLicense } from '../../db/license/license';
import { listDevices } from '../../db/license/device';
import type { DeviceRow, UsedLicense } from '../../db/license/device';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal, RefusalCode } from '../../domain/base/refusal';
import { isStorableText } from '../../domain/base/text';
import type { DeviceAction } from '../../domain/license/device';
import { parseLicenseId } from '../../domain/license/license';
import { isForeign } from '../../domain/license/validation';
import { readKey } from '../../transactions/license/certified-key';
import { deleteDevice } from '../../transactions/license/delete-device';
import { carryOutDeviceUse } from '../../transactions/license/use-device';
import { PageOf, PageQuery, cursorsOf, pageOf } from '../http/paging';
import { ProblemError, protocolProblem } from '../http/problem';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { EnvironmentShape, InstantShape } from '../http/shapes';
import { z } from '../http/zod';
import { LicenseIdParams } from './license-presenter';
import { startAnswerTime } from './answer-time';
import {
  AskedProductShape,
  DeviceIdShape,
  DeviceNameShape,
  LicenseInUseShape,
  LicenseKeyShape,
  presentLicenseInUse,
} from './license-in-use-presenter';

const DeviceBody = z.strictObject({ key: LicenseKeyShape, device_id: DeviceIdShape });
const ActivationBody = DeviceBody.extend({
  product_code: AskedProductShape.optional().describe(
    'The code of the product that asks; a license of another one is refused with WRONG_PRODUCT, as by a validation',
  ),
  environment: EnvironmentShape.optional().describe(
    'The environment of the program; a license of another one is refused with ENVIRONMENT_MISMATCH',
  ),
  device_name: DeviceNameShape.nullable()
    .default(null)
    .describe('What the user calls the device. It can be personal data, and goes with the activation'),
});

const DeviceUseShape = z
  .object({
    license: LicenseInUseShape,
    features: z.record(z.string(), z.unknown()).describe('What the license grants'),
    device: z
      .object({
        device_id: z.string(),
        leased_until: InstantShape.nullable().describe(
          'Without a heartbeat the device loses its place then; null: it keeps it until it is deactivated',
        ),
      })
      .nullable()
      .describe('null: the license is not active on the device'),
  })
  .openapi('DeviceUse');

const DeviceShape = z
  .object({
    device_id: z.string(),
    name: z.string().nullable(),
    activated_at: InstantShape,
    seen_at: InstantShape.describe('The last activation or heartbeat'),
    leased_until: InstantShape.nullable().describe('Until when it has its place without a heartbeat; null: no end'),
  })
  .openapi('Device');

const INVALID: RefusalCode[] = [
  'LICENSE_REVOKED',
  'LICENSE_SUSPENDED',
  'LICENSE_EXPIRED',
  'LICENSE_NOT_ASSIGNED',
  'CONTRACT_INACTIVE',
  'TOO_MANY_DEVICES',
];

interface ActionTexts {
  operation_id: 'activateLicense' | 'deactivateLicense' | 'reportDevice';
  summary: string;
  description: string;
  refusals: RefusalCode[];
}

const TEXTS: Record<DeviceAction, ActionTexts> = {
  activate: {
    operation_id: 'activateLicense',
    summary: 'Activate a license on a device',
    description: 'Repeated for the same device, it takes no further place. Needs no API key.',
    refusals: [...INVALID, 'WRONG_PRODUCT', 'ENVIRONMENT_MISMATCH'],
  },
  deactivate: {
    operation_id: 'deactivateLicense',
    summary: 'Deactivate a license on a device',
    description: 'The place is free at once. Repeated, it changes nothing. Needs no API key.',
    refusals: [],
  },
  heartbeat: {
    operation_id: 'reportDevice',
    summary: 'Report that a device uses its license',
    description:
      'Extends the lease of the device, if the contract has one (`device_lease_minutes`). Needs no API key.',
    refusals: [...INVALID, 'DEVICE_NOT_ACTIVATED'],
  },
};

const EXAMPLE = { key: 'PRO-7K2MW-9QXHD', device_id: 'd2f1c3' };
const DEVICE_CURSORS = cursorsOf('license_devices', { device_id: isStorableText });

export const deviceRoutes: Route[] = [
  route({
    ...routeOf('activate'),
    body: ActivationBody,
    examples: { 'A named device': { ...EXAMPLE, device_name: 'Reception' } },
    handle: (request) => carryOut(request, 'activate'),
  }),
  route({
    ...routeOf('deactivate'),
    body: DeviceBody,
    examples: { 'One device': EXAMPLE },
    handle: (request) => carryOut(request, 'deactivate'),
  }),
  route({
    ...routeOf('heartbeat'),
    body: DeviceBody,
    examples: { 'One device': EXAMPLE },
    handle: (request) => carryOut(request, 'heartbeat'),
  }),
  route({
    operation_id: 'listLicenseDevices',
    method: 'get',
    path: '/api/v1/licenses/:id/devices',
    tag: 'Licenses',
    summary: 'List the devices of a license',
    description: 'In the order of their ids, with those whose lease is over and whose place is not taken yet.',
    params: LicenseIdParams,
    query: PageQuery,
    answers: { 200: { description: 'One page', schema: PageOf(DeviceShape) } },
    audit: [],
    async handle({ api, params, query }) {
      const id = parseLicenseId(params.id);
      const after = DEVICE_CURSORS.read(query.cursor)?.device_id ?? null;
      if (id === null || !(await findLicense(api.db, id))) return notFound('license', params.id);
      const rows = await api.readList((sql) => listDevices(sql, id, after, query.limit + 1));
      return { status: 200, body: pageOf(rows, query.limit, presentDevice, DEVICE_CURSORS) };
    },
  }),
  route({
    operation_id: 'deleteLicenseDevice',
    method: 'delete',
    path: '/api/v1/licenses/:id/devices/:device_id',
    tag: 'Licenses',
    summary: 'Remove a device of a license',
    description: 'Its place is free at once, and its name is erased. The program on it can activate the license again.',
    params: LicenseIdParams.extend({ device_id: DeviceIdShape }),
    answers: { 204: { description: 'Removed' } },
    audit: ['license.device_removed'],
    async handle({ params, actor, now, request_id, write }) {
      const id = parseLicenseId(params.id);
      if (id === null) return notFound('license', params.id);
      return write(
        async (tx) => (await deleteDevice(tx, id, params.device_id, { actor, now, request_id })) ?? { status: 204 },
        [{ table: 'licenses', id }],
      );
    },
  }),
];

function routeOf(action: DeviceAction) {
  const { refusals, ...texts } = TEXTS[action];
  return {
    ...texts,
    method: 'post',
    path: `/api/v1/licenses/${action}`,
    tag: 'Licenses in use',
    answers: { 200: { description: 'The license and the device', schema: DeviceUseShape } },
    refusals: [...refusals, 'NOT_FOUND', 'TOO_MANY_WRONG_KEYS'],
    audit: [] as string[],
  } satisfies Partial<Route>;
}

type DeviceRequest = Pick<HandlerRequest<unknown, unknown, unknown>, 'api' | 'client' | 'now' | 'request_id'> & {
  body: z.infer<typeof DeviceBody> & Partial<z.infer<typeof ActivationBody>>;
};

async function carryOut(
  { api, body, client, now, request_id }: DeviceRequest,
  action: DeviceAction,
): Promise<Answer | Refusal> {
  const from = client();
  api.wrongKeys.refuseLimited(from);
  const time = startAnswerTime();
  try {
    const key = await readKey(api.db, body.key);
    const used = await carryOutDeviceUse(api.db, { device_name: null, ...body, key, action, now });
    if (used !== undefined && !isRefusal(used))
      return { status: 200, body: presentUse(used, body.device_id, action) };
    if (used === undefined || isForeign(used.code)) {
      await api.wrongKeys.count(from, request_id);
      await time.reached();
    }
    if (used === undefined)
      throw new ProblemError(protocolProblem('NOT_FOUND', 'No license has this key. Check the key.'));
    return used;
  } finally {
    time.end();
  }
}

function presentUse(used: UsedLicense, device_id: string, action: DeviceAction) {
  const is_active = action !== 'deactivate';
  return {
    license: presentLicenseInUse(used, used.at, used.other_devices + (is_active ? 1 : 0)),
    features: used.features,
    device: is_active ? { device_id, leased_until: used.leased_until } : null,
  };
}

function presentDevice({ device_id, name, activated_at, seen_at, leased_until }: DeviceRow) {
  return { device_id, name, activated_at, seen_at, leased_until };
}

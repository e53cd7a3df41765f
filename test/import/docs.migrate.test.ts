/** The program of docs/migrate.md maps exports of other systems to files whose every row can be imported. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readFile } from '../../api/import/file-reader';
import type { ReadChunk } from '../../db/import/chunk';

const PROGRAM = join(__dirname, '..', '..', 'docs', 'migrate', 'map.mjs');
const CONTEXT = { now: '2027-06-15T12:00:00.000Z', timezone: 'UTC', duplicates: 'reject' } as const;

/** The rows of the file that the program makes of an export. */
async function mapped(system: string, exported: string): Promise<ReadChunk> {
  const file = execFileSync(process.execPath, [PROGRAM, system], { input: exported });
  const chunks: ReadChunk[] = [];
  await readFile([file] as never, CONTEXT, async (chunk) => void chunks.push(chunk));
  return chunks[0] as ReadChunk;
}

test('an export of Keygen', async () => {
  const created = '2026-01-01T00:00:00.000Z';
  const licenses = [
    {
      license: {
        attributes: {
          key: 'C1B6DE-39A6E3',
          status: 'ACTIVE',
          suspended: false,
          created,
          expiry: '2028-01-01T00:00:00.000Z',
        },
      },
      owner: { attributes: { email: 'ada@example.com', fullName: 'Ada, Ltd' } },
      machines: [{ attributes: { fingerprint: '4d:Eq;UV', created: '2026-02-01T00:00:00.000Z' } }],
    },
    {
      license: {
        attributes: { key: 'key/eyJhIjoxfQ==.c2ln', status: 'SUSPENDED', suspended: true, created, expiry: null },
      },
    },
    { license: { attributes: { key: 'BANNED-KEY', status: 'BANNED', suspended: false, created, expiry: null } } },
  ];
  const { accepted, outcomes } = await mapped('keygen', licenses.map((one) => JSON.stringify(one)).join('\n'));
  expect(outcomes).toEqual([]);
  expect(accepted).toEqual([
    {
      ...{
        ordinal: 1,
        key: 'C1B6DE-39A6E3',
        customer: 'ada@example.com',
        customer_name: 'Ada, Ltd',
        created_at: created,
      },
      ...{ assigned_at: '2026-02-01T00:00:00.000Z', activated_at: '2026-02-01T00:00:00.000Z' },
      ...{ expires_at: '2028-01-01T00:00:00.000Z', devices: ['4d:Eq;UV'] },
    },
    { ordinal: 2, key: 'key/eyJhIjoxfQ==.c2ln', created_at: created, suspended_at: CONTEXT.now },
    { ordinal: 3, key: 'BANNED-KEY', created_at: created, revoked_at: CONTEXT.now },
  ]);
});

test('an export of LicenseSpring', async () => {
  const exported = [
    'license__license_key,product__short_code,customer__email,customer__first_name,customer__last_name,customer__company_name,license__enabled,license__validity_period',
    'GPB7-279T-6MNK-CQLK,pro,ada@example.com,Ada,Lovelace,,true,2027-12-31',
    'GPB7-279T-6MNK-CQLL,pro,,,,,false,',
  ].join('\r\n');
  const { accepted, outcomes } = await mapped('licensespring', exported);
  expect(outcomes).toEqual([]);
  expect(accepted).toEqual([
    {
      ...{ ordinal: 1, key: 'GPB7-279T-6MNK-CQLK', customer: 'ada@example.com', customer_name: 'Ada Lovelace' },
      ...{ assigned_at: CONTEXT.now, expires_at: '2028-01-01T00:00:00.000Z' },
    },
    { ordinal: 2, key: 'GPB7-279T-6MNK-CQLL', suspended_at: CONTEXT.now },
  ]);
});

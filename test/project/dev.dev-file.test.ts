/**
 * `dev.json` and the secrets file are written atomically, readable only by their owner, and unchanged by a restart.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDevFile, removeDevFile, writeDevFile, type DevFile } from '../../dev/dev-file';
import { loadSecrets } from '../../dev/secrets';
import { parseApiKey } from '../../domain/access/api-key';

const RUNNING: DevFile = {
  api_url: 'http://127.0.0.1:8080',
  docs_url: 'http://127.0.0.1:8080/docs',
  temporal_address: '127.0.0.1:7233',
  temporal_ui_url: 'http://127.0.0.1:8233',
  database_url: 'postgres://covenant:secret@127.0.0.1:5433/covenant',
  mail_url: 'http://127.0.0.1:1080',
  smtp_url: 'smtp://127.0.0.1:1025',
  mail_from: 'Covenant <covenant@covenant.localhost>',
  receiver_url: 'http://127.0.0.1:8082',
  billing_secret: 'whsec_c2VjcmV0',
  super_admin_key: 'cov_admin_x_y',
  pids: { api: 1, worker: 2, postgres: 3, temporal: 4 },
};

let dataDir: string;
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'dev-file-'))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

test('dev.json contains exactly the fields that were written', () => {
  writeDevFile(dataDir, RUNNING);
  const text = readFileSync(join(dataDir, 'dev.json'), 'utf8');
  expect(JSON.parse(text)).toEqual(RUNNING);
  expect(readDevFile(dataDir)).toEqual(RUNNING);
});

test('only the owner can read dev.json and the secrets', () => {
  writeDevFile(dataDir, RUNNING);
  loadSecrets(dataDir);
  for (const name of ['dev.json', 'secrets.json']) expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600);
});

test('dev.json is replaced and leaves no other file behind', () => {
  writeDevFile(dataDir, RUNNING);
  writeDevFile(dataDir, { ...RUNNING, pids: { ...RUNNING.pids, worker: 99 } });
  expect(readDevFile(dataDir)?.pids.worker).toBe(99);
  expect(readdirSync(dataDir)).toEqual(['dev.json']);
});

test('without dev.json there is no running stack', () => {
  expect(readDevFile(dataDir)).toBeUndefined();
  writeDevFile(dataDir, RUNNING);
  removeDevFile(dataDir);
  removeDevFile(dataDir);
  expect(readDevFile(dataDir)).toBeUndefined();
});

test('secrets are created once and differ between data directories', () => {
  const first = loadSecrets(dataDir);
  expect(loadSecrets(dataDir)).toEqual(first);
  expect(parseApiKey(first.super_admin_key)?.kind).toBe('admin');

  const other = mkdtempSync(join(tmpdir(), 'dev-file-'));
  const values = Object.values(loadSecrets(other));
  for (const value of Object.values(first)) expect(values).not.toContain(value);
  rmSync(other, { recursive: true });
});

test('a secret that an older file does not contain is added once, and the others stay the same', () => {
  const { billing_secret: _new, ...older } = loadSecrets(dataDir);
  writeFileSync(join(dataDir, 'secrets.json'), JSON.stringify(older));
  const added = loadSecrets(dataDir);
  expect(added).toEqual({ ...older, billing_secret: expect.stringMatching(/^whsec_/) });
  expect(loadSecrets(dataDir)).toEqual(added);
});

test('damaged secrets cause an error that says what to do, and the file is not changed', () => {
  const file = join(dataDir, 'secrets.json');
  writeFileSync(file, '{"postgres_pass');
  expect(() => loadSecrets(dataDir)).toThrow('npm run dev:reset');
  expect(readFileSync(file, 'utf8')).toBe('{"postgres_pass');
});

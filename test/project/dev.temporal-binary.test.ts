/**
 * The `temporal` program is searched in a fixed order, and an interrupted installation leaves no file.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findTemporal, TEMPORAL_GO_PACKAGE, type TemporalSearch } from '../../dev/temporal-binary';

const WORKING = 'echo "temporal version 1.5.1 (Server 1.29.1)"';
const BROKEN = 'echo "cannot execute" >&2; exit 126';

let directory: string;
let reported: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'temporal-binary-'));
  reported = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function program(name: string, script: string): string {
  const file = join(directory, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** A search that finds only programs in the directory of the test. */
function search(more: Partial<TemporalSearch> = {}): TemporalSearch {
  return {
    cacheDir: join(directory, 'cache'),
    env: { PATH: [join(directory, 'bin'), '/usr/bin', '/bin'].join(':') },
    report: (sentence) => reported.push(sentence),
    download: () => Promise.reject(new Error('no network')),
    ...more,
  };
}

test('a temporal on PATH comes before the one in the cache', async () => {
  const onPath = program('bin/temporal', WORKING);
  program('cache/bin/temporal', WORKING);
  expect(await findTemporal(search())).toBe(onPath);
});

test('the cache comes before a download', async () => {
  const cached = program('cache/bin/temporal', WORKING);
  const download = jest.fn();
  expect(await findTemporal(search({ download }))).toBe(cached);
  expect(download).not.toHaveBeenCalled();
});

test('a temporal program that does not run is skipped', async () => {
  program('bin/temporal', BROKEN);
  const cached = program('cache/bin/temporal', WORKING);
  expect(await findTemporal(search())).toBe(cached);
});

test('a download comes before a build and is stored in the cache', async () => {
  program('bin/go', 'echo "go was run" >&2; exit 1');
  const download = (into: string): Promise<void> => {
    writeFileSync(join(into, 'temporal-sdk-typescript-1.24.0'), `#!/bin/sh\n${WORKING}\n`);
    return Promise.resolve();
  };
  const found = await findTemporal(search({ download }));
  expect(found).toBe(join(directory, 'cache', 'bin', 'temporal'));
  expect(reported).toEqual([]);
  expect(await findTemporal(search())).toBe(found);
});

test('a build with Go reports its duration and its progress, and is stored in the cache', async () => {
  const packages = 'i=0; while [ $i -lt 120 ]; do i=$((i+1)); echo "example.com/package/$i" >&2; done';
  const builds = `printf '#!/bin/sh\\n${WORKING}\\n' > "$GOBIN/temporal"`;
  program('bin/go', `[ "$*" = "install -v ${TEMPORAL_GO_PACKAGE}" ] || exit 2\n${packages}\n${builds}`);
  const found = await findTemporal(search());
  expect(found).toBe(join(directory, 'cache', 'bin', 'temporal'));
  expect(reported.filter((sentence) => sentence.includes('takes several minutes'))).toHaveLength(1);
  expect(reported.filter((sentence) => /\d+ packages after \d+ s/.test(sentence))).toHaveLength(2);
});

test('a build that fails leaves nothing in the cache', async () => {
  program('bin/go', 'printf half > "$GOBIN/temporal"; echo "no space left" >&2; exit 1');
  await expect(findTemporal(search())).rejects.toThrow('No Temporal server was found');
  expect(reported.join('\n')).toContain('no space left');
  expect(filesUnder(join(directory, 'cache'))).toEqual([]);
});

test('a built program that does not run is not used', async () => {
  program('bin/go', `printf '#!/bin/sh\\nexit 1\\n' > "$GOBIN/temporal"`);
  await expect(findTemporal(search())).rejects.toThrow('No Temporal server was found');
  expect(filesUnder(join(directory, 'cache'))).toEqual([]);
});

test('an aborted build is stopped', async () => {
  program('bin/go', 'echo started >&2; exec sleep 600');
  const controller = new AbortController();
  const wanted = findTemporal(search({ signal: controller.signal }));
  controller.abort(new Error('no longer wanted'));
  await expect(wanted).rejects.toThrow('no longer wanted');
  expect(filesUnder(join(directory, 'cache'))).toEqual([]);
});

test('when no way works, the error says what to do', async () => {
  await expect(findTemporal(search())).rejects.toThrow(
    /^No Temporal server was found .*install the Temporal CLI .* or Go, or set TEMPORAL_ADDRESS to a running server\.$/,
  );
});

function filesUnder(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}

/** Builds the admin pages: web/ to dist/admin-pages, with a compressed copy of each file beside it. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const ROOT = join(__dirname, '..');
const ADMIN_PAGES = join(ROOT, 'dist/admin-pages');
/** Names the sources from which the pages beside it were built. */
const SOURCES_FILE = 'sources.txt';
/** Smaller files do not become smaller. */
const COMPRESSED_BYTES_MIN = 1_024;

export async function buildAdminPages(outDir = ADMIN_PAGES): Promise<void> {
  const { build } = await import('vite');
  await build({
    configFile: join(ROOT, 'web/vite.config.mts'),
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true },
  });
  compressFiles(outDir);
}

/** Builds the pages unless they were built from these sources. For tests and benchmarks. */
export async function ensureAdminPages(): Promise<void> {
  const sources = hashOfSources();
  const file = join(ADMIN_PAGES, SOURCES_FILE);
  if (existsSync(file) && readFileSync(file, 'utf8') === sources) return;
  await buildAdminPages();
  writeFileSync(file, sources);
}

function hashOfSources(): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'package-lock.json')));
  for (const name of readdirSync(join(ROOT, 'web'), { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(ROOT, 'web', name);
    if (statSync(path).isFile()) hash.update(name).update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** Writes a copy of each text file in gzip and in brotli beside it. */
export function compressFiles(directory: string): void {
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const file = join(directory, name);
    if (/\.(js|css|html|svg)$/.test(name) && statSync(file).size >= COMPRESSED_BYTES_MIN) compress(file);
  }
}

function compress(file: string): void {
  const content = readFileSync(file);
  writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
  writeFileSync(`${file}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}

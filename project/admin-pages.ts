/** Builds the admin pages: web/ to dist/admin-pages, with a compressed copy of each file beside it. */
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const ROOT = join(__dirname, '..');
export const ADMIN_PAGES = join(ROOT, 'dist/admin-pages');
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

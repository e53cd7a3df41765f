/**
 * The types of the operations that the API key of a contract can call, and of the events: docs/clients/typescript/covenant.d.ts, generated from the
 * OpenAPI document. The file is checked in, because a partner can copy it, the checks and the demo use it, and its diff
 * shows what a change of the API means for partners. The types of the whole document would be as long as the document.
 *
 * As a program, it writes the file. With `--check` it only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { openApiDocument } from '../api/http/openapi';
import { commandLine } from '../command-line';

const CLIENT_TYPES = join(__dirname, '../docs/clients/typescript/covenant.d.ts');

const HEAD =
  '/** Written by `npm run generate` from the OpenAPI document: what the API key of a contract can call, and the events. */\n';
/** The name of the security scheme of these keys. */
const SCHEME = 'contractKey';
const REF = /"\$ref":"#\/components\/schemas\/(\w+)"/g;

/** Writes docs/clients/typescript/covenant.d.ts. */
export async function writeClientTypes(): Promise<void> {
  writeFileSync(CLIENT_TYPES, await clientTypes());
}

async function clientTypes(): Promise<string> {
  return HEAD + astToString(await openapiTS(partnerDocument()));
}

/** The OpenAPI document with the operations of contract keys, the events, and the schemas that they refer to. */
function partnerDocument(): OpenAPI3 {
  const document = openApiDocument();
  const paths = Object.entries(document.paths ?? {}).flatMap(([path, operations]) => {
    const callable = Object.entries(operations as Record<string, { security?: Record<string, unknown>[] }>).filter(
      ([, operation]) => operation.security?.some((scheme) => SCHEME in scheme),
    );
    return callable.length === 0 ? [] : [[path, Object.fromEntries(callable)] as const];
  });
  const { schemas = {}, headers = {} } = document.components ?? {};
  const used = new Set<string>();
  function collect(node: unknown): void {
    for (const [, name = ''] of JSON.stringify(node).matchAll(REF)) {
      if (used.has(name)) continue;
      used.add(name);
      collect(schemas[name]);
    }
  }
  collect([paths, document.webhooks]);
  return {
    ...document,
    paths: Object.fromEntries(paths),
    components: { headers, schemas: Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name))) },
  } as OpenAPI3;
}

async function main(): Promise<void> {
  const { check } = commandLine('client-types', 'Write docs/clients/typescript/covenant.d.ts from the routes.')
    .option('--check', 'write nothing, and fail when the file differs')
    .parse()
    .opts<{ check?: true }>();
  if (!check) return writeClientTypes();
  if (readFileSync(CLIENT_TYPES, 'utf8') === (await clientTypes())) return;
  console.error('docs/clients/typescript/covenant.d.ts does not match the routes: run `npm run generate`.');
  process.exitCode = 1;
}

if (require.main === module) void main();

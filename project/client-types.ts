/**
 * Two files of types, generated from the OpenAPI document and checked in.
 *
 * docs/clients/typescript/covenant.d.ts has the operations that the API key of a contract can call, and the events: a partner can
 * copy it, the checks and the demo use it, and its diff shows what a change of the API means for partners.
 *
 * web/src/base/interface.d.ts has all operations, without descriptions, for the admin pages: a changed interface breaks their build.
 *
 * As a program, it writes the files. With `--check` it only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { openApiDocument } from '../api/http/openapi';
import { commandLine } from '../command-line';

const ROOT = join(__dirname, '..');

interface TypesFile {
  /** Relative to the project. */
  path: string;
  text: () => Promise<string>;
}

const FILES: readonly TypesFile[] = [
  { path: 'docs/clients/typescript/covenant.d.ts', text: partnerTypes },
  { path: 'web/src/base/interface.d.ts', text: pageTypes },
];

/** The name of the security scheme of the keys of contracts. */
const SCHEME = 'contractKey';
const REF = /"\$ref":"#\/components\/schemas\/(\w+)"/g;

/** Writes both files. */
export async function writeClientTypes(): Promise<void> {
  for (const { path, text } of FILES) writeFileSync(join(ROOT, path), await text());
}

async function partnerTypes(): Promise<string> {
  const head =
    '/** Written by `npm run generate` from the OpenAPI document: what the API key of a contract can call, and the events. */\n';
  return head + astToString(await openapiTS(partnerDocument()));
}

async function pageTypes(): Promise<string> {
  const head = '/** Written by `npm run generate` from the OpenAPI document: all operations, for the admin pages. */\n';
  const { webhooks: _events, ...document } = openApiDocument();
  const plain = JSON.stringify(document, (key, value: unknown) =>
    TEXT_FIELDS.has(key) && typeof value === 'string' ? undefined : value,
  );
  return head + astToString(await openapiTS(JSON.parse(plain) as OpenAPI3));
}

/** What describes a type and does not change it. */
const TEXT_FIELDS: ReadonlySet<string> = new Set(['description', 'summary', 'example', 'title']);

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
  const { check } = commandLine('client-types', `Write ${FILES.map(({ path }) => path).join(' and ')} from the routes.`)
    .option('--check', 'write nothing, and fail when a file differs')
    .parse()
    .opts<{ check?: true }>();
  if (!check) return writeClientTypes();
  for (const { path, text } of FILES) {
    if (readFileSync(join(ROOT, path), 'utf8') === (await text())) continue;
    console.error(`${path} does not match the routes: run \`npm run generate\`.`);
    process.exitCode = 1;
  }
}

if (require.main === module) void main();

/** Everything that documents and messages refer to exists: sections, links, files, scripts and names in the code. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const PRODUCT = ['activities', 'adapters', 'api', 'cli', 'db', 'domain', 'temporal', 'transactions', 'workflows'];
const TOOLS = ['bench', 'demo', 'dev', 'project', 'test'];
const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'bench/README.md',
  ...filesIn('docs', '.md'),
];

/** Files of the development stack, which do not exist in a new clone. */
const RUNTIME_PATHS = /^\.covenant\//;
const PATH = /^\.?[\w-]+(\/[\w.-]*)+$|^\.?[\w-]+(\.[\w-]+)*\.(ts|js|cjs|json|md|sql)$/;
/** A name in the code, or a call: `stateAt(facts, now)`. */
const NAME = /^([A-Za-z_]\w*)(\(.*\))?$/;
const SCRIPT = /^npm run ([\w:-]+)/;
/** Names of packages that the code does not use. */
const OF_PACKAGES = ['deprecatePatch'];

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file));
}

function rootFiles(): string[] {
  return readdirSync(ROOT).filter((file) => /\.(ts|js|cjs)$/.test(file));
}

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

function headingsOf(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading as string);
}

/** The anchor that GitHub makes from a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

/** Returns the texts in backticks outside fenced blocks. */
function codeIn(file: string): string[] {
  const prose = read(file).replaceAll(/^```.*?^```/gms, '');
  return [...new Set([...prose.matchAll(/`([^`]+)`/g)].map(([, text]) => text as string))];
}

test('every section of docs/operations.md that a message names exists', () => {
  const named = [...rootFiles(), ...PRODUCT.flatMap((folder) => filesIn(folder, '.ts'))].flatMap((file) =>
    [...read(file).matchAll(/docs\/operations\.md, "([^"]+)"/g)].map(([, section]) => section as string),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(headingsOf('docs/operations.md')).toEqual(expect.arrayContaining(named));
});

test('every link between documents points to an existing file and heading', () => {
  const broken = DOCUMENTS.flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([link, path, anchor]) => {
      const target = path === '' ? file : relative(ROOT, join(ROOT, dirname(file), path as string));
      if (!existsSync(join(ROOT, target))) return [`${file}: ${link}`];
      const leads = anchor === undefined || headingsOf(target).map(anchorOf).includes(anchor);
      return leads ? [] : [`${file}: ${link}`];
    }),
  );
  expect(broken).toEqual([]);
});

test('every file, script and name in the documents about the architecture exists', () => {
  const files = [...PRODUCT, ...TOOLS].flatMap((folder) => filesIn(folder, ''));
  const baseNames = new Set([...rootFiles(), ...files.map((file) => basename(file))]);
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const code = files.filter((file) => /\.(ts|js|cjs|sql)$/.test(file) && !file.startsWith('test/project/documents.'));
  const names = new Set([...rootFiles(), ...code].flatMap((file) => read(file).match(/\w+/g) ?? []));

  function isMissing(text: string): boolean {
    const script = SCRIPT.exec(text)?.[1];
    if (script !== undefined) return !(script in scripts);
    if (PATH.test(text) && !RUNTIME_PATHS.test(text)) return !existsSync(join(ROOT, text)) && !baseNames.has(text);
    const name = NAME.exec(text)?.[1];
    return name !== undefined && !names.has(name) && !OF_PACKAGES.includes(name);
  }

  const missing = [
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'docs/architecture-licenses.md',
    'docs/architecture-delivery.md',
  ].flatMap((file) =>
    codeIn(file)
      .filter(isMissing)
      .map((text) => `${file}: ${text}`),
  );
  expect(missing).toEqual([]);
});

/** What the documents are referred to by exists: headings that messages name, and anchors that links lead to. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const ROOMS = ['activities', 'adapters', 'api', 'cli', 'db', 'domain', 'temporal', 'transactions', 'workflows'];
const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'bench/README.md',
  ...markdownIn('docs'),
];

function markdownIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `${folder}/${file}`);
}

function sources(): string[] {
  const here = readdirSync(ROOT).filter((file) => file.endsWith('.ts'));
  const inside = ROOMS.flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(room, file)),
  );
  return [...here, ...inside];
}

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

function headingsOf(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading as string);
}

/** As GitHub makes it out of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

test('every section of docs/operations.md that a message of the product names exists', () => {
  const named = sources().flatMap((file) =>
    [...read(file).matchAll(/docs\/operations\.md, "([^"]+)"/g)].map(([, section]) => section as string),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(headingsOf('docs/operations.md')).toEqual(expect.arrayContaining(named));
});

test('every link from one document to another leads to a file and a heading that exist', () => {
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

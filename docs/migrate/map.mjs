/** Maps exports of other license systems to the file of an import: `node map.mjs keygen|licensespring < export > licenses.csv`. */
import { createInterface } from 'node:readline';
import { argv, exit, stderr, stdin, stdout } from 'node:process';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify';

const COLUMNS = ['key', 'status', 'customer', 'customer_name', 'created_at', 'activated_at', 'expires_at', 'devices'];

/** What is wrong with an export; the program ends with its message. */
class ExportProblem extends Error {}

/**
 * Licenses of Keygen: each line is a JSON document, either `{ license, owner, machines }`, or an answer of its API,
 * `{ data, included }`, whose `data` is one license or several.
 */
async function* keygen() {
  let line_no = 0;
  for await (const line of createInterface({ input: stdin })) {
    line_no += 1;
    if (line.trim() === '') continue;
    for (const one of licensesOf(jsonOf(line, line_no), line_no)) yield keygenRow(one);
  }
}

function jsonOf(line, line_no) {
  try {
    return JSON.parse(line);
  } catch {
    throw new ExportProblem(`line ${line_no} is no JSON document. Write one document a line (jq -c .)`);
  }
}

/** The licenses of a document, each as `{ license, owner, machines }`. */
function licensesOf(document, line_no) {
  const found = document?.data === undefined ? [document] : [document.data].flat().map((one) => related(one, document));
  if (found.every((one) => one?.license?.attributes?.key !== undefined)) return found;
  throw new ExportProblem(
    `line ${line_no} has no license with a key: expected {"license":{…},"owner":{…},"machines":[…]} or {"data":{…},"included":[…]}`,
  );
}

/** A license of an answer, with its owner and its machines, which the answer must include if the license has any. */
function related(license, { included = [] }) {
  const { owner, user, machines } = license?.relationships ?? {};
  const owner_id = (owner ?? user)?.data?.id;
  const found = {
    license,
    owner: included.find(({ type, id }) => type === 'users' && id === owner_id),
    machines: included.filter(
      ({ type, relationships }) => type === 'machines' && relationships?.license?.data?.id === license.id,
    ),
  };
  const count = machines?.meta?.count ?? 0;
  if (owner_id !== undefined && found.owner === undefined) throw missing(license, `its owner, the user ${owner_id}`);
  if (found.machines.length < count) throw missing(license, `all of its ${count} machines`);
  return found;
}

function missing(license, what) {
  return new ExportProblem(`the document of the license ${license.id} does not have ${what}. Add it to "included"`);
}

function keygenRow({ license, owner, machines = [] }) {
  const { key, suspended, status, created, expiry } = license.attributes;
  const activations = machines.map(({ attributes }) => attributes.created).sort();
  return {
    key,
    status: status === 'BANNED' ? 'revoked' : suspended ? 'suspended' : '',
    customer: owner?.attributes.email,
    customer_name: owner?.attributes.fullName,
    created_at: created,
    activated_at: activations[0],
    expires_at: expiry,
    devices: machines.length > 0 ? JSON.stringify(machines.map(({ attributes }) => attributes.fingerprint)) : '',
  };
}

/** The columns of an import file of LicenseSpring. */
async function* licensespring() {
  for await (const row of stdin.pipe(parse({ columns: true, bom: true, record_delimiter: ['\r\n', '\n'] }))) {
    if (row.license__license_key === undefined)
      throw new ExportProblem(
        `the first row has no column license__license_key; it has: ${Object.keys(row).join(', ')}. Separate the columns by commas`,
      );
    const name = [row.customer__first_name, row.customer__last_name].filter(Boolean).join(' ');
    yield {
      key: row.license__license_key,
      status: /^(false|0)$/i.test(row.license__enabled) ? 'suspended' : '',
      customer: row.customer__email,
      customer_name: row.customer__email ? row.customer__company_name || name : '',
      expires_at: row.license__validity_period,
    };
  }
}

function fail(message) {
  stderr.write(`${message}\n`);
  exit(1);
}

const read = { keygen, licensespring }[argv[2]];
if (read === undefined) fail('usage: node map.mjs keygen|licensespring < export > licenses.csv');
const csv = stringify({ header: true, columns: COLUMNS });
csv.pipe(stdout);
try {
  for await (const row of read()) csv.write(row);
} catch (error) {
  if (error instanceof ExportProblem || String(error.code).startsWith('CSV_')) fail(`${argv[2]}: ${error.message}`);
  throw error;
}
csv.end();

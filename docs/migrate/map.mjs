/** Maps exports of other license systems to the file of an import: `node map.mjs keygen|licensespring < export > licenses.csv`. */
import { createInterface } from 'node:readline';
import { stdin, stdout } from 'node:process';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify';

const COLUMNS = ['key', 'status', 'customer', 'customer_name', 'created_at', 'activated_at', 'expires_at', 'devices'];

/** A license of Keygen per line, as `{ license, owner, machines }` with the `attributes` of each. */
async function* keygen() {
  for await (const line of createInterface({ input: stdin })) {
    if (line.trim() === '') continue;
    const { license, owner, machines = [] } = JSON.parse(line);
    const { key, suspended, status, created, expiry } = license.attributes;
    const activations = machines.map(({ attributes }) => attributes.created).sort();
    yield {
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
}

/** The columns of an import file of LicenseSpring. */
async function* licensespring() {
  for await (const row of stdin.pipe(parse({ columns: true, bom: true }))) {
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

const read = { keygen, licensespring }[process.argv[2]];
if (read === undefined) throw new Error('usage: node map.mjs keygen|licensespring < export > licenses.csv');
const csv = stringify({ header: true, columns: COLUMNS });
csv.pipe(stdout);
for await (const row of read()) csv.write(row);
csv.end();

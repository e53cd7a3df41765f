/**
 * Fails when the registry lists a vulnerability in a package that the product needs at run time (`npm audit`), and
 * prints the package, the advisory and the fix. Without an answer from the registry it prints a notice and passes, so
 * that the check works offline.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseNoArguments } from '../command-line';

const ROOT = join(__dirname, '..');
/** An answer takes about one second. Without a limit npm retries for minutes. */
const ANSWER_MS_MAX = 60_000;
/** Advisories below this level are listed but do not fail the check. */
const IGNORED_SEVERITIES = ['info', 'low'];

/** The used fields of a package in the output of `npm audit --json`. */
interface Vulnerable {
  name: string;
  severity: string;
  /** Advisories, or the names of vulnerable dependencies. */
  via: (string | { title: string; url: string; severity: string })[];
  fixAvailable: boolean | { name: string; version: string };
}

interface Verdict {
  passed: boolean;
  lines: string[];
}

/** Interprets the output of `npm audit --json`. */
export function assessAudit(output: string): Verdict {
  const vulnerabilities = vulnerabilitiesIn(output);
  if (vulnerabilities === undefined)
    return { passed: true, lines: ['notice: the registry gave no answer about vulnerable dependencies'] };
  const lines = vulnerabilities.flatMap(({ name, via, fixAvailable }) =>
    via
      .filter((cause) => typeof cause === 'object')
      .map(({ severity, title, url }) => `${name}: ${severity}: ${title} (${url}). ${remedy(name, fixAvailable)}`),
  );
  return { passed: vulnerabilities.every(({ severity }) => IGNORED_SEVERITIES.includes(severity)), lines };
}

function vulnerabilitiesIn(output: string): Vulnerable[] | undefined {
  try {
    const { vulnerabilities } = JSON.parse(output) as { vulnerabilities?: Record<string, Vulnerable> };
    return vulnerabilities && Object.values(vulnerabilities);
  } catch {
    return undefined;
  }
}

function remedy(name: string, fix: Vulnerable['fixAvailable']): string {
  if (fix === false)
    return `There is no version of ${name} without this vulnerability: replace the package, or override it in package.json.`;
  return fix === true ? 'Run: npm audit fix' : `Run: npm install ${fix.name}@${fix.version}`;
}

if (require.main === module) {
  parseNoArguments('npm run check:vulnerabilities', 'Ask the registry for vulnerabilities of production dependencies.');
  const { stdout } = spawnSync('npm audit --omit=dev --json --fetch-retries=0', {
    cwd: ROOT,
    encoding: 'utf8',
    shell: true,
    timeout: ANSWER_MS_MAX,
  });
  const { passed, lines } = assessAudit(stdout);
  for (const line of lines) console.log(line);
  if (!passed) process.exitCode = 1;
}

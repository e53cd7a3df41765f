/**
 * `covenant doctor`: checks everything that Covenant depends on, changes nothing, and prints for each check whether it is ok, what is
 * wrong, and how to fix it. The exit code is 1 when anything is wrong.
 */
import { Command } from 'commander';
import { runChecks } from './doctor-checks';
import type { Finding, Verdict } from './finding';

const MARKS: Record<Verdict, string> = { ok: 'ok       ', warning: 'warning  ', wrong: 'WRONG    ' };

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check everything that Covenant depends on, and print what is wrong and how to fix it.')
    .option('--json', 'print one line of JSON: { "well": boolean, "findings": [{ check, verdict, detail, remedy }] }')
    .addHelpText('after', '\nExit code: 0 when nothing is wrong (warnings allowed), 1 otherwise.')
    .action(async ({ json }: { json?: true }) => {
      const findings = await runChecks(process.env);
      const well = findings.every((finding) => finding.verdict !== 'wrong');
      if (json) console.log(JSON.stringify({ well, findings }));
      else print(findings);
      process.exitCode = well ? 0 : 1;
    });
}

function print(findings: Finding[]): void {
  for (const { check, verdict, detail, remedy } of findings) {
    console.log(`${MARKS[verdict]}${check}: ${detail}`);
    if (remedy !== null) console.log(`         → ${remedy}`);
  }
  const count = (verdict: Verdict): number => findings.filter((finding) => finding.verdict === verdict).length;
  const warnings = `${count('warning')} ${count('warning') === 1 ? 'warning' : 'warnings'}`;
  console.log(`\n${count('ok')} ok, ${warnings}, ${count('wrong')} wrong.`);
}

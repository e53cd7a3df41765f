/** The program docs/clients/curl/generate.sh, which needs curl and jq. */
import { join } from 'node:path';
import { testClientProgram } from '../harness/client-program';
import { describeWithTool } from '../harness/external-tool';

const PROGRAM = join(__dirname, '..', '..', 'docs', 'clients', 'curl', 'generate.sh');

describeWithTool('curl', () => describeWithTool('jq', () => testClientProgram(['bash', PROGRAM])));

/** The program docs/clients/python/generate.py, which needs Python without packages. */
import { join } from 'node:path';
import { testClientProgram } from '../harness/client-program';
import { describeWithTool } from '../harness/external-tool';

const PROGRAM = join(__dirname, '..', '..', 'docs', 'clients', 'python', 'generate.py');

describeWithTool('python', (python) => testClientProgram([python, PROGRAM]));

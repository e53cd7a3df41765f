/** The actions of a contract as requests. Each one can be tried first (`dry_run`), and is for the revision that the person has seen. */
import { api, read } from '../base/client';
import type { paths } from '../base/interface';
import type { Contract } from './states';

type Body<Path extends keyof paths> = paths[Path] extends {
  post: { requestBody?: { content: { 'application/json': infer Json } } };
}
  ? Json
  : never;

/** What a request of an action has besides its body. */
interface Sending {
  params: {
    path: { id: string };
    query: { dry_run?: 'true' };
    header: { 'If-Match': string; 'Idempotency-Key'?: string };
  };
  signal?: AbortSignal;
}

const send = {
  activate: (with_: Sending) => api.POST('/api/v1/contracts/{id}/activate', { ...with_, body: {} }),
  pause: (with_: Sending, body: Body<'/api/v1/contracts/{id}/pause'>) =>
    api.POST('/api/v1/contracts/{id}/pause', { ...with_, body }),
  resume: (with_: Sending, body: Body<'/api/v1/contracts/{id}/resume'>) =>
    api.POST('/api/v1/contracts/{id}/resume', { ...with_, body }),
  renew: (with_: Sending, body: Body<'/api/v1/contracts/{id}/renew'>) =>
    api.POST('/api/v1/contracts/{id}/renew', { ...with_, body }),
  opt_out: (with_: Sending, body: Body<'/api/v1/contracts/{id}/opt-out'>) =>
    api.POST('/api/v1/contracts/{id}/opt-out', { ...with_, body }),
  terminate: (with_: Sending, body: Body<'/api/v1/contracts/{id}/terminate'>) =>
    api.POST('/api/v1/contracts/{id}/terminate', { ...with_, body }),
  reinstate: (with_: Sending) => api.POST('/api/v1/contracts/{id}/reinstate', { ...with_, body: {} }),
  compliance_hold: (with_: Sending, body: Body<'/api/v1/contracts/{id}/compliance-hold'>) =>
    api.POST('/api/v1/contracts/{id}/compliance-hold', { ...with_, body }),
  compliance_release: (with_: Sending) => api.POST('/api/v1/contracts/{id}/compliance-release', { ...with_, body: {} }),
};

/** The names are those of `allowed_actions`. */
export type CommandName = keyof typeof send;
export const COMMAND_NAMES = Object.keys(send) as CommandName[];

/** The body of a command; each has fields of its own. */
export type CommandBody = Record<string, unknown>;

/** Shows the contract as the command would leave it. */
export function tryCommand(contract: Contract, name: CommandName, body: CommandBody, signal: AbortSignal) {
  return request(name, body, { params: { ...conditions(contract), query: { dry_run: 'true' } }, signal });
}

export function runCommand(contract: Contract, name: CommandName, body: CommandBody, key: string) {
  const { path, header } = conditions(contract);
  return request(name, body, { params: { path, query: {}, header: { ...header, 'Idempotency-Key': key } } });
}

function conditions({ id, revision }: Contract) {
  return { path: { id }, header: { 'If-Match': `"${revision}"` } };
}

function request(name: CommandName, body: CommandBody, with_: Sending): Promise<Contract> {
  // The form of each action makes its body; the compiler cannot relate the name to it here.
  const sendAny = send[name] as (with_: Sending, body: CommandBody) => ReturnType<(typeof send)['activate']>;
  return read(sendAny(with_, body));
}

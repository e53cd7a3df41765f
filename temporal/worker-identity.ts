/** The name under which a worker process polls. It says where the process answers for its health, so that the doctor can ask it. */
import { hostname } from 'node:os';

const FORM = /^\d+@(.+):(\d+)$/;

/** The identity of this process, which answers for its health on this port: `<pid>@<host>:<port>`. */
export function workerIdentity(health_port: number): string {
  return `${process.pid}@${hostname()}:${health_port}`;
}

/** The health port of a worker on this machine; undefined for one on another machine or of a version before such identities. */
export function localHealthPort(identity: string): number | undefined {
  const [, host, port] = FORM.exec(identity) ?? [];
  return host === hostname() ? Number(port) : undefined;
}

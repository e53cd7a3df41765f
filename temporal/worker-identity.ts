/** The identity under which a worker process polls. It contains the port of its health check, which `covenant doctor` calls. */
import { hostname } from 'node:os';

const FORM = /^\d+@(.+):(\d+)$/;

/** The identity of this process, whose health check is on this port: `<pid>@<host>:<port>`. */
export function workerIdentity(health_port: number): string {
  return `${process.pid}@${hostname()}:${health_port}`;
}

/** The health port of a worker on this machine; undefined for one on another machine or of a version without ports in identities. */
export function localHealthPort(identity: string): number | undefined {
  const [, host, port] = FORM.exec(identity) ?? [];
  return host === hostname() ? Number(port) : undefined;
}

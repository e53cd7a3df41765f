/** The session of the person who uses the pages. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';
import type { components } from '../base/interface';

export type Session = components['schemas']['Session'];
export type Role = Session['admin']['role'];

const ROLES: readonly Role[] = ['viewer', 'operator', 'admin', 'super_admin'];

export const sessionQuery = {
  queryKey: ['session'],
  queryFn: () => read(api.GET('/api/v1/session')),
  staleTime: 60_000,
};

/** The session. Only pages behind the sign-in use it. */
export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data;
}

/** Whether a role includes another one. It decides only what the navigation shows; the server decides what is allowed. */
export function roleCovers(role: Role, needed: Role | undefined): boolean {
  return needed === undefined || ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** What the pages know about the installation: its version, its environments, the address of the Temporal UI. */
export function useInstallation() {
  return useQuery({
    queryKey: ['installation'],
    queryFn: () => read(api.GET('/api/v1/installation')),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}

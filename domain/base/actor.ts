/** Who did something, as audit rows and jobs keep it. */
export interface Actor {
  type: 'user' | 'system';
  /** The admin's id, or the name of the workflow or process that acted. */
  id: string;
  /** A readable name at the time of the act. It never enters a workflow payload. */
  name: string;
  /** The address the request came from, where there was one. */
  ip?: string;
}

/** The actor of everything that happens by itself: boundaries crossed, jobs finished. */
export const SYSTEM: Actor = { type: 'system', id: 'covenant', name: 'Covenant' };

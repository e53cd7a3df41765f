/**
 * A reference model of one pool contract and its licenses, written from domain.md 2.2, 5.4, 5.5 and 5.7 and not from the
 * code: what each command answers, and what is true after it. Times are milliseconds.
 */

const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
const RETURN_DAYS = 30;
const HOLD_MINUTES = 15;

/** When licenses expire: never, or so many days after an event. */
export type ModelExpiry = { basis: 'generation' | 'assignment' | 'first_activation'; days: number } | null;

export interface ModelOptions {
  now: number;
  ends_at: number;
  quota: number;
  expiry: ModelExpiry;
  /** For how long a license must still be valid to be given out. */
  min_remaining_days: number;
  activation_limit: number;
  /** Null: devices keep their place until they are deactivated. */
  lease_minutes: number | null;
}

export interface ModelLicense {
  expires_at: number | null;
  customer: string | null;
  assigned_at: number | null;
  activated_at: number | null;
  suspended: boolean;
  revoked: boolean;
  /** The hold that took it. A hold that is over keeps it until its licenses are put back. */
  hold: ModelHold | null;
  /** When the place of each stored device ends. */
  devices: Map<string, number>;
}

export interface ModelHold {
  content: string;
  licenses: ModelLicense[];
  state: 'held' | 'assigned' | 'released';
  until: number | null;
  customer: string | null;
  /** When its licenses were assigned. */
  assigned_at: number | null;
}

export interface ModelGrab {
  order_ref: string;
  count: number;
  customer: string | null;
  hold_minutes: number | null;
}

export type ModelStatus = 'available' | 'held' | 'assigned' | 'active' | 'suspended' | 'expired' | 'revoked';
type DeviceAction = 'activate' | 'deactivate' | 'heartbeat';

export class PoolModel {
  now: number;
  generated = 0;
  paused = false;
  resume_at: number | null = null;
  /** In the order of their ids. */
  licenses: ModelLicense[] = [];
  /** By order, in the order of their creation. */
  holds = new Map<string, ModelHold>();

  constructor(readonly options: ModelOptions) {
    this.now = options.now;
  }

  // The contract (2.2): it gives licenses while it is active. What happens to issued licenses does not depend on it.

  get state(): 'ACTIVE' | 'PAUSED' | 'EXPIRED' {
    if (this.now >= this.options.ends_at) return 'EXPIRED';
    return this.paused ? 'PAUSED' : 'ACTIVE';
  }

  private get inactive_code(): string | null {
    return { ACTIVE: null, PAUSED: 'CONTRACT_INACTIVE', EXPIRED: 'CONTRACT_EXPIRED' }[this.state];
  }

  pass(ms: number): void {
    this.now += ms;
    if (this.paused && this.resume_at !== null && this.resume_at <= this.now) this.paused = false;
  }

  pause(days: number | null): string {
    if (this.state === 'EXPIRED') return 'INVALID_STATE_TRANSITION';
    if (this.state === 'PAUSED') return 'unchanged';
    this.paused = true;
    this.resume_at = days === null ? null : this.now + days * DAY_MS;
    return 'changed';
  }

  resume(): string {
    if (this.state === 'EXPIRED') return 'INVALID_STATE_TRANSITION';
    if (this.state === 'ACTIVE') return 'unchanged';
    this.paused = false;
    return 'changed';
  }

  generate(count: number): string {
    if (this.inactive_code) return this.inactive_code;
    if (this.generated + count > this.options.quota) return 'QUOTA_EXCEEDED';
    this.generated += count;
    const expires_at = this.expiryFrom('generation');
    for (let n = 0; n < count; n++)
      this.licenses.push({
        ...{ expires_at, customer: null, assigned_at: null, activated_at: null },
        ...{ suspended: false, revoked: false, hold: null, devices: new Map<string, number>() },
      });
    return 'generated';
  }

  // The pool (5.4).

  /** The licenses of an order, or the code of a refusal. */
  grab(grab: ModelGrab): ModelHold | string {
    const { order_ref, count, customer } = grab;
    const content = JSON.stringify(grab);
    const known = this.holds.get(order_ref);
    if (known && known.content !== content) return 'ORDER_REF_REUSED';
    if (known && this.holdState(known) === 'expired') return 'HOLD_EXPIRED';
    if (known) return this.licensesOf(known).length === 0 ? 'ORDER_CLOSED' : known;
    if (this.inactive_code) return this.inactive_code;
    if (this.pooled().length < count) this.putBack();
    const pooled = this.pooled();
    if (pooled.length < count) return pooled.length === 0 ? 'POOL_EMPTY' : 'POOL_INSUFFICIENT';
    const minutes = grab.hold_minutes ?? (customer === null ? HOLD_MINUTES : null);
    const licenses = pooled.slice(0, count);
    const until = minutes === null ? null : this.now + minutes * MINUTE_MS;
    const hold: ModelHold = {
      ...{ content, licenses, until, customer },
      ...(until === null ? { state: 'assigned', assigned_at: this.now } : { state: 'held', assigned_at: null }),
    };
    this.holds.set(order_ref, hold);
    for (const license of licenses) {
      if (until === null) this.give(license, customer as string);
      else license.hold = hold;
    }
    return hold;
  }

  /** The licenses that an order still has: not those that were returned, or given to another customer or order. */
  licensesOf(hold: ModelHold): ModelLicense[] {
    const state = this.holdState(hold);
    if (state === 'held') return hold.licenses;
    if (state !== 'assigned') return [];
    return hold.licenses.filter(
      ({ customer, assigned_at }) => customer === hold.customer && assigned_at === hold.assigned_at,
    );
  }

  /** Whether an order has to choose by the expiry of licenses. */
  get differs_in_expiry(): boolean {
    return new Set(this.pooled().map(({ expires_at }) => expires_at)).size > 1;
  }

  holdState({ state, until }: ModelHold): 'held' | 'assigned' | 'released' | 'expired' {
    return state === 'held' && until !== null && until <= this.now ? 'expired' : state;
  }

  assignHold(hold: ModelHold, given: string | null): string {
    const customer = given ?? hold.customer;
    if (customer === null) return 'VALIDATION_FAILED';
    const state = this.holdState(hold);
    if (state === 'assigned' && hold.customer === customer) return 'assigned';
    if (state === 'expired') return 'HOLD_EXPIRED';
    if (state !== 'held') return 'HOLD_NOT_OPEN';
    const usable = hold.licenses.every((license) => this.status(license) === 'held');
    if (!usable) return 'LICENSE_NOT_AVAILABLE';
    Object.assign(hold, { state: 'assigned', customer, assigned_at: this.now });
    for (const license of hold.licenses) this.give(license, customer);
    return 'assigned';
  }

  releaseHold(hold: ModelHold): string {
    const state = this.holdState(hold);
    if (state === 'assigned') return 'HOLD_NOT_OPEN';
    if (state !== 'held') return state;
    hold.state = 'released';
    for (const license of hold.licenses) license.hold = null;
    return 'released';
  }

  /** Puts the licenses of holds that are over back. They count as available before, but an order prefers others. */
  putBack(): void {
    for (const license of this.licenses)
      if (license.hold !== null && this.holdState(license.hold) === 'expired') license.hold = null;
  }

  returnLicense(license: ModelLicense): string {
    const status = this.status(license);
    if (status === 'revoked') return 'LICENSE_REVOKED';
    if (license.activated_at !== null) return 'LICENSE_ALREADY_ACTIVATED';
    if (status === 'available') return 'returned';
    if (status !== 'assigned') return 'LICENSE_NOT_ASSIGNED';
    if (this.now - (license.assigned_at as number) > RETURN_DAYS * DAY_MS) return 'RETURN_PERIOD_OVER';
    Object.assign(license, { customer: null, assigned_at: null });
    // It had this expiry when it was generated.
    if (this.options.expiry?.basis === 'assignment') license.expires_at = null;
    return 'returned';
  }

  /** Each license in one count. */
  counts(): Record<string, number> {
    const counts = { available: 0, expiring: 0, held: 0, assigned: 0, suspended: 0, expired: 0, revoked: 0 };
    for (const license of this.licenses) {
      const status = this.status(license);
      if (status === 'active') counts.assigned++;
      else if (status === 'available' && !this.lastsLongEnough(license)) counts.expiring++;
      else counts[status]++;
    }
    return counts;
  }

  // Assignment in bulk (5.5), and changes of single licenses.

  assign(licenses: readonly ModelLicense[], customer: string, reassign: boolean): string[] {
    return licenses.map((license) => {
      if (license.customer === customer) return 'already_assigned_same';
      const status = this.status(license);
      if (['revoked', 'suspended', 'expired', 'held'].includes(status)) return 'not_available';
      if (license.customer !== null && !reassign) return 'conflict';
      if (license.customer === null && status === 'active') return 'not_available';
      this.give(license, customer);
      return 'assigned';
    });
  }

  change(license: ModelLicense, change: 'suspend' | 'reinstate' | 'revoke'): string {
    if (license.revoked && change !== 'revoke') return 'LICENSE_REVOKED';
    if (change === 'revoke') license.revoked = true;
    else license.suspended = change === 'suspend';
    return 'done';
  }

  // Programs in the field.

  use(license: ModelLicense, action: DeviceAction, device: string): string {
    if (action === 'deactivate') {
      license.devices.delete(device);
      return 'done';
    }
    const invalid = this.uselessness(license);
    if (invalid) return `LICENSE_${invalid}`;
    const is_stored = license.devices.has(device);
    const wants_place = action === 'activate' || is_stored;
    if (wants_place && !this.hasPlace(license, device) && this.isFull(license)) return 'TOO_MANY_DEVICES';
    if (!wants_place) return 'DEVICE_NOT_ACTIVATED';
    const { lease_minutes } = this.options;
    if (action === 'activate')
      for (const other of license.devices.keys()) if (!this.hasPlace(license, other)) license.devices.delete(other);
    license.devices.set(device, lease_minutes === null ? Infinity : this.now + lease_minutes * MINUTE_MS);
    if (action === 'activate' && license.activated_at === null) {
      license.activated_at = this.now;
      if (this.options.expiry?.basis === 'first_activation') license.expires_at = this.expiryFrom('first_activation');
    }
    return 'done';
  }

  validate(license: ModelLicense, device: string | null): string {
    const invalid = this.uselessness(license);
    if (invalid) return invalid;
    if (device === null || this.hasPlace(license, device)) return 'VALID';
    return this.isFull(license) ? 'TOO_MANY_DEVICES' : 'NOT_ACTIVATED';
  }

  activeDevices(license: ModelLicense): number {
    return [...license.devices.keys()].filter((device) => this.hasPlace(license, device)).length;
  }

  status(license: ModelLicense): ModelStatus {
    const invalid = this.invalidity(license);
    if (invalid) return invalid.toLowerCase() as ModelStatus;
    if (license.activated_at !== null) return 'active';
    if (license.customer !== null) return 'assigned';
    return license.hold !== null && this.holdState(license.hold) === 'held' ? 'held' : 'available';
  }

  /** Why no program can use it. Until a customer has it, it is for sale. */
  private uselessness(license: ModelLicense): string | null {
    return this.invalidity(license) ?? (license.customer === null ? 'NOT_ASSIGNED' : null);
  }

  private invalidity({ revoked, suspended, expires_at }: ModelLicense): 'REVOKED' | 'SUSPENDED' | 'EXPIRED' | null {
    if (revoked) return 'REVOKED';
    if (suspended) return 'SUSPENDED';
    return expires_at !== null && expires_at <= this.now ? 'EXPIRED' : null;
  }

  /** Licenses of the pool that can be given out, those first that expire first. */
  private pooled(): ModelLicense[] {
    return this.licenses
      .filter(
        (license) => license.hold === null && this.status(license) === 'available' && this.lastsLongEnough(license),
      )
      .sort((a, b) => (a.expires_at ?? Infinity) - (b.expires_at ?? Infinity) || 0);
  }

  private lastsLongEnough({ expires_at }: ModelLicense): boolean {
    return expires_at === null || expires_at > this.now + this.options.min_remaining_days * DAY_MS;
  }

  private give(license: ModelLicense, customer: string): void {
    Object.assign(license, { customer, assigned_at: this.now, hold: null });
    if (this.options.expiry?.basis === 'assignment') license.expires_at ??= this.expiryFrom('assignment');
  }

  private expiryFrom(basis: string): number | null {
    const { expiry } = this.options;
    return expiry?.basis === basis ? this.now + expiry.days * DAY_MS : null;
  }

  private hasPlace({ devices }: ModelLicense, device: string): boolean {
    return (devices.get(device) ?? -Infinity) > this.now;
  }

  private isFull(license: ModelLicense): boolean {
    return this.activeDevices(license) >= this.options.activation_limit;
  }
}

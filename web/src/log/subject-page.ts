/** The page of what an entry of the audit is about. */
import type { components } from '../base/interface';

export type Subject = components['schemas']['AuditEvent']['subject'];

/** The paths of details. A subject without a page of its own is not a link. */
const PATHS: Partial<Record<Subject['type'], string>> = {
  contract: '/contracts/',
  job: '/jobs/',
  license: '/licenses/',
  license_operation: '/license-operations/',
  product: '/products/',
  generator: '/generators/',
  customer: '/customers/',
  admin: '/admins/',
  test_clock: '/test-clocks/',
  billing_event: '/billing-events/',
  webhook_endpoint: '/webhook-endpoints/',
  webhook_delivery: '/deliveries/',
  notification: '/notifications/',
  mail_recipient: '/notification-recipients/',
};

export function subjectPage({ type, id }: Subject): string | undefined {
  const path = PATHS[type];
  return path && path + encodeURIComponent(id);
}

/** The navigation offers a page to the roles that can read it, and to no others. */
import { mayCall } from '../../domain/access/permission';
import type { OperationId } from '../../domain/access/permission';
import { roleCovers, ROLES } from '../../domain/access/role';
import { PAGES } from '../../web/src/pages';

// Drawing is not tested, and the module of all icons is large.
jest.mock('@tabler/icons-react', () => ({}));

/** What each page reads when it is opened. */
const READS: Readonly<Record<string, readonly OperationId[]>> = {
  contracts: ['listContracts'],
  licenses: ['listLicenses'],
  jobs: ['listJobs', 'listLicenseOperations'],
  pools: ['listContracts', 'listHolds'],
  customers: ['listCustomers'],
  generators: ['listGenerators'],
  products: ['listProducts'],
  'webhook-endpoints': ['listWebhookEndpoints'],
  deliveries: ['listWebhookDeliveries'],
  notifications: ['listNotifications'],
  'notification-recipients': ['listNotificationRecipients'],
  'billing-events': ['listBillingEvents'],
  logs: ['listActivity', 'listApiCalls'],
  'test-clocks': ['listTestClocks'],
  admins: ['listAdmins'],
  settings: ['getNotificationSettings', 'listSessions'],
};

test.each(ROLES)('as %s', (role) => {
  const readable = Object.entries(READS).filter(([, operations]) =>
    operations.every((operation_id) => mayCall({ kind: 'admin', role }, operation_id)),
  );
  const offered = PAGES.filter(({ navigation }) => navigation && roleCovers(role, navigation.role ?? 'viewer'));
  expect(offered.map(({ path }) => path).sort()).toEqual(readable.map(([path]) => path).sort());
});

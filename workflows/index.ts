/** Every workflow of Covenant, as the worker bundles them. */
export { advanceTestClock } from './advance-test-clock';
export { applyBilling } from './apply-billing';
export { contractLifecycle } from './contract-lifecycle';
export { deliverWebhooks } from './deliver-webhooks';
export { generateLicenses } from './generate-licenses';
export { assignLicenses, changeLicenses } from './license-operation';
export { limitExceeded } from './limit-exceeded';
export { planNotifications } from './plan-notifications';
export { replenishPool } from './replenish-pool';
export { runSchedule } from './run-schedule';
export { sendNotification } from './send-notification';
export { settleDue } from './settle-due';
export { sweep } from './sweep';

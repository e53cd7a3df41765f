/** Every route of the API. */
import { adminRoutes } from './access/admin';
import { apiCallRoutes } from './access/api-call';
import { contractApiKeyRoutes } from './access/contract-api-key';
import { callerRoutes } from './access/caller';
import { invitationRoutes } from './access/invitation';
import { sessionRoutes } from './access/session';
import { oidcRoutes } from './access/oidc';
import { sessionListRoutes } from './access/session-list';
import { billingRoutes } from './billing/billing-event';
import { amendmentRoutes } from './contract/amendment';
import { limitEpisodeRoutes } from './notification/limit-episode';
import { reportScheduleRoutes } from './notification/report-schedule';
import { notificationRecipientRoutes } from './notification/recipient';
import { notificationSettingsRoutes } from './notification/settings';
import { scheduleRoutes } from './schedule/schedule';
import { contractActionRoutes } from './contract/action';
import { contractRoutes } from './contract/contract';
import { customerRoutes } from './catalogue/customer';
import { generationRoutes } from './generation/generation';
import { generatorRoutes } from './catalogue/generator';
import { historyRoutes } from './system/history';
import { importRoutes } from './import/import';
import { jobRoutes } from './generation/generation-job';
import { changeLicensesRoutes } from './license/change-licenses';
import { licenseAssignmentRoutes } from './license/license-assignment';
import { licenseChangeRoutes } from './license/license-change';
import { licenseOperationRoutes } from './license/license-operation';
import { licenseOutcomeRoutes } from './license/license-outcome';
import { certificateRoutes } from './license/certificate';
import { withdrawalRoutes } from './license/withdrawal';
import { licenseRoutes } from './license/license';
import { validationRoutes } from './license/validation';
import { deviceRoutes } from './license/device';
import { licenseCreationRoutes } from './license/license-creation';
import { metricRoutes } from './metric/metric';
import { holdRoutes } from './pool/hold';
import { holdListRoutes } from './pool/hold-list';
import { poolRoutes } from './pool/pool';
import { returnRoutes } from './pool/return';
import { productRoutes } from './catalogue/product';
import { signingKeyRoutes } from './catalogue/signing-key';

import type { Route } from './http/route';
import { installationRoutes } from './system/installation';
import { testClockRoutes } from './system/test-clock';
import { timelineRoutes } from './contract/timeline';
import { usageRoutes } from './contract/usage';
import { bounceRoutes } from './notification/bounce';
import { notificationRoutes } from './notification/notification';
import { unsubscribeRoutes } from './notification/unsubscribe';
import { deliveryRoutes } from './webhook/delivery';
import { recoveryRoutes } from './webhook/recovery';
import { webhookEndpointRoutes } from './webhook/webhook-endpoint';

export const ROUTES: readonly Route[] = [
  ...productRoutes,
  ...signingKeyRoutes,
  ...generatorRoutes,
  ...customerRoutes,
  ...callerRoutes,
  ...sessionRoutes,
  ...oidcRoutes,
  ...sessionListRoutes,
  ...invitationRoutes,
  ...installationRoutes,
  ...adminRoutes,
  ...contractRoutes,
  ...contractActionRoutes,
  ...contractApiKeyRoutes,
  ...amendmentRoutes,
  ...scheduleRoutes,
  ...limitEpisodeRoutes,
  ...reportScheduleRoutes,
  ...generationRoutes,
  ...jobRoutes,
  ...importRoutes,
  ...licenseAssignmentRoutes,
  ...changeLicensesRoutes,
  ...poolRoutes,
  ...holdRoutes,
  ...holdListRoutes,
  ...returnRoutes,
  // Before the routes of one license, whose id could be `validate`.
  ...validationRoutes,
  ...licenseCreationRoutes,
  ...deviceRoutes,
  ...licenseOperationRoutes,
  ...licenseOutcomeRoutes,
  ...licenseRoutes,
  ...certificateRoutes,
  ...withdrawalRoutes,
  ...licenseChangeRoutes,
  ...historyRoutes,
  ...apiCallRoutes,
  ...usageRoutes,
  ...timelineRoutes,
  ...metricRoutes,
  ...billingRoutes,
  ...notificationSettingsRoutes,
  ...notificationRecipientRoutes,
  ...webhookEndpointRoutes,
  ...deliveryRoutes,
  ...bounceRoutes,
  ...notificationRoutes,
  ...unsubscribeRoutes,
  ...recoveryRoutes,
  ...testClockRoutes,
];

/** The words of mails in English, as ICU messages. `yes`/`no` are conditions; every other argument is a text, a number or a date as a text. */
export const en = {
  'licenses_ready.subject':
    '{count, plural, one {Your {type, select, enterprise {enterprise } other {}}license is ready} other {Your {count, number} {type, select, enterprise {enterprise } other {}}licenses are ready}}',
  'licenses_ready.lead':
    '{count, plural, one {A license{known, select, yes { of {product}} other {}} is assigned to you.} other {{count, number} licenses{known, select, yes { of {product}} other {}} are assigned to you.}}',
  'order_licenses.subject':
    '{count, plural, one {Your license for order {order}} other {Your {count, number} licenses for order {order}}}',
  'order_licenses.lead':
    'Thank you for your order {order}. {count, plural, one {This is your license{known, select, yes { of {product}} other {}}.} other {These are your {count, number} licenses{known, select, yes { of {product}} other {}}.}}',
  'licenses.too_many':
    'This mail does not list them, because there are more than {max, number}. The link below lists all of them.',
  'licenses.withdrawn':
    '{count, plural, one {One of the licenses was taken back or revoked since.} other {{count, number} of the licenses were taken back or revoked since.}}',
  'licenses.show': 'Show the licenses',
  'licenses.needs_key': 'The link needs an API key. If you have none, ask the person who looks after your contract.',
  'licenses.keep': 'Keep this mail: a license key is like a password.',
  'licenses.certificate': 'Signed certificate (needs an API key)',
  'licenses.certificate_exists': 'A signed certificate belongs to this license. Your vendor can give it to you.',
  'licenses.key': 'License key',
  'licenses.expires': 'Valid until',
  'licenses.valid': 'Valid',
  'licenses.expires_later':
    '{basis, select, first_activation {set by the first activation} other {set by the assignment}}',
  'licenses.never_expires': 'without an end',

  'past_due.subject': 'Payment overdue: {contract}',
  'past_due.lead':
    '{count, plural, =0 {The contract {contract} has an overdue invoice.} one {An invoice of the contract {contract} is overdue.} other {{count, number} invoices of the contract {contract} are overdue.}}',
  'past_due.suspends': 'If it is not paid, the contract is suspended on {date}.',
  'past_due.paid':
    '{reader, select, customer {If you have paid already, there is nothing to do: the payment is noticed when it arrives.} other {If the customer has paid already, there is nothing to do: the payment is noticed when it arrives.}}',

  'suspended.subject': 'Contract suspended: {contract}',
  'suspended.lead':
    '{cause, select, billing {The contract {contract} is suspended, because invoices are not paid.} other {The contract {contract} is suspended for reasons of compliance.}}',
  'suspended.effect':
    '{effect, select, suspend {No licenses can be generated, and licenses that were issued are not valid until the contract is reinstated.} no_new_activations {No licenses can be generated, and no further device can be activated. Devices that are active stay so.} other {No licenses can be generated. Licenses that were issued stay valid.}}',
  'suspended.next':
    '{cause, select, billing {The contract is reinstated by itself when the open invoices are paid.} other {The contract is reinstated when the matter is settled.}}',
  'suspended.terminates': 'If nothing is paid, the contract is terminated on {date}.',

  'reinstated.subject': 'Contract reinstated: {contract}',
  'reinstated.lead': 'The contract {contract} is reinstated. It works as before.',
  'reinstated.was_wrong': 'The suspension should not have happened, because the payment was reported late.',

  'terminated.subject': 'Contract terminated: {contract}',
  'terminated.lead':
    '{cause, select, billing {The contract {contract} is terminated, because invoices were not paid.} other {The contract {contract} is terminated.}}',
  'terminated.reason': 'Reason',
  'terminated.effect':
    '{revokes, select, yes {No licenses can be generated, and licenses that were issued are revoked.} other {No licenses can be generated. Licenses that were issued stay valid until they expire.}}',

  'renewal_reminder.subject':
    '{occasion, select, last_day_to_opt_out {Last day to opt out of the renewal: {contract}} other {{mode, select, auto {Contract renews in {days, plural, one {# day} other {# days}}: {contract}} other {Contract ends in {days, plural, one {# day} other {# days}}: {contract}}}}}',
  'renewal_reminder.lead':
    '{mode, select, auto {The contract {contract} renews automatically after {last_day}.} none {The contract {contract} ends on {last_day} and is not renewed.} other {The contract {contract} ends on {last_day}. It is not renewed automatically.}}',
  'renewal_reminder.opt_out':
    '{reader, select, customer {To opt out, say so by {date} at the latest.} other {The customer can opt out until {date}.}}',
  'renewal_reminder.opt_out_over': 'The last day to opt out was {date}.',
  'renewal_reminder.last_day': 'Today is the last day to opt out.',
  'renewal_reminder.by_hand':
    '{reader, select, customer {To continue, ask for a renewal before that day.} other {To continue, renew it before that day.}}',

  'renewed.subject': 'Contract renewed until {last_day}: {contract}',
  'renewed.lead': 'The contract {contract} is renewed. Its new term lasts from {first_day} to {last_day}.',
  'renewed.quota_added': 'Added to the quota',

  'will_not_renew.subject': 'Contract will not renew: {contract}',
  'will_not_renew.lead':
    '{cause, select, opted_out {The renewal of the contract {contract} is cancelled, because {reader, select, customer {you} other {its customer}} opted out.} other {The contract {contract} could not be renewed.}}',
  'will_not_renew.reason':
    '{cause, select, OPTED_OUT {{reader, select, customer {You} other {Its customer}} opted out.} MAX_RENEWALS {It was renewed as often as agreed.} NO_TERM {The length of a new term is not agreed.} NOT_ACTIVE {It is not active.} PAST_DUE {An invoice is overdue.} PAUSED {It is paused.} SUSPENDED {It is suspended.} PRODUCT_INACTIVE {Its product is inactive.} GENERATOR_NOT_AVAILABLE {Its license generator is not available.} GENERATOR_KEYSPACE_TOO_SMALL {The key format of its license generator is too short for the new quota.} QUOTA_TOO_LARGE {The new quota would be too large.} other {Reason: {cause}.}}',
  'will_not_renew.once': 'The last day to opt out of the coming renewal is over: the contract is renewed once more.',
  'will_not_renew.ends': 'The last day of its last term is {last_day}.',

  'expired.subject': 'Contract expired: {contract}',
  'expired.lead':
    '{known, select, yes {The contract {contract} has expired. The last day of its term was {last_day}.} other {The contract {contract} has expired.}}',
  'expired.next': 'No licenses can be generated until it is renewed. Licenses that were issued keep their own expiry.',

  'quota_80.subject': '{percent} of the quota used: {contract}',
  'quota_80.lead':
    '{used, number} of {total, number} licenses of the contract {contract} {used, plural, one {is} other {are}} used. {remaining, plural, one {# license remains.} other {{remaining, number} licenses remain.}}',
  'quota_100.subject': 'Quota used up: {contract}',
  'quota_100.lead':
    'All {total, number} licenses of the contract {contract} are used. Further requests are refused until the quota is raised.',

  'quota_raised.subject':
    '{occasion, select, period {{period} quota activated: {available, plural, one {# license} other {{available, number} licenses}} available} emergency {Emergency quota increase approved: {amount, plural, one {# additional license} other {{amount, number} additional licenses}}} other {Quota increased by {amount, plural, one {# license} other {{amount, number} licenses}}: {available, number} available}}',
  'quota_raised.term': 'Term {number, number}',
  'quota_raised.lead':
    'The quota of the contract {contract} is raised by {amount, plural, one {# license} other {{amount, number} licenses}}. Current: {used, number} / {total, number} used.',
  'quota_raised.emergency':
    '{reader, select, customer {Please discuss a permanent increase with the person who looks after your contract.} other {Discuss a permanent increase with the customer.}}',
  'quota_raised.same_key':
    '{reader, select, customer {The change is in effect at once. Nothing else changes: continue with the same API key.} other {The change is in effect at once. The customer continues with the same API key.}}',

  'limit_exceeded.subject':
    '{occasion, select, grown {Demand above the {limit, select, seats {seats} other {quota}} has grown: {contract}} reminder {Still above the {limit, select, seats {seats} other {quota}}: {contract}} other {More requested than the {limit, select, seats {seats allow} other {quota allows}}: {contract}}}',
  'limit_exceeded.lead':
    'Since {since}, more is asked for than the contract {contract} allows. {used, number} of {total, number} {limit, select, seats {seats} other {licenses}} {used, plural, one {is} other {are}} used.',
  'limit_exceeded.demand': 'Needed',
  'limit_exceeded.largest': 'Largest refused request',
  'limit_exceeded.next':
    '{reader, select, customer {Requests above the limit are refused.} other {Raise the limit, or ask the customer to stop the requests.}} You get at most one mail a day about this, and only when the demand grows, and at most four weekly reminders.',

  'low_water.subject': 'Pool is running low: {contract}',
  'low_water.lead':
    '{available, plural, =0 {The pool {contract} has no available license.} one {The pool {contract} has one available license.} other {The pool {contract} has {available, number} available licenses.}} Its limit for this notice is {low_water, number}.',
  'low_water.next': 'Raise the quota if necessary, and generate more licenses, or set an automatic replenishment.',

  'replenish_blocked.subject': 'Pool cannot be replenished: {contract}',
  'replenish_blocked.lead':
    '{cause, select, quota {The pool {contract} cannot be filled up to its target, because its quota is used up.} other {The pool {contract} cannot be replenished.}}',
  'replenish_blocked.next':
    '{cause, select, quota {Raise the quota: the pool is then replenished by itself.} JOB_FAILED {A generation job failed. Look at its errors, and resume it.} other {Reason: {cause}.}}',
  'replenish_blocked.target': 'Target',
  'replenish_blocked.requested': 'Already requested',

  'webhook_disabled.subject': 'Webhook endpoint disabled: {host}',
  'webhook_disabled.lead':
    '{reason, select, gone {The endpoint at {host} is disabled, because it answered 410 (Gone).} other {The endpoint at {host} is disabled, because every delivery has failed{known, select, yes { since {since}} other { for days}}.}}',
  'webhook_disabled.next': 'What it is owed is kept. Repair the receiver, and enable the endpoint.',
  'webhook_disabled.endpoint': 'Endpoint',

  'job_failed.subject':
    '{job, select, import {Import ended with failures} license_operation {Operation on licenses ended with failures} other {Generation of licenses failed}}{known, select, yes {: {contract}} other {}}',
  'job_failed.lead':
    '{job, select, import {{failed, number} of {requested, number} rows of an import {failed, plural, one {was} other {were}} not imported.} license_operation {{failed, number} of {requested, number} licenses of an operation {failed, plural, one {was} other {were}} not changed.} other {{failed, number} of {requested, number} licenses {failed, plural, one {was} other {were}} not generated.}}',
  'job_failed.succeeded': 'Succeeded',
  'job_failed.failed': 'Failed',
  'job_failed.show': 'Show the job (needs an API key)',

  'api_key_revealed.subject': 'API key was shown: {contract}',
  'api_key_revealed.lead':
    'The API key of the contract {contract} was shown to {known, select, yes {the admin {admin}} other {an admin}} on {at}.',
  'api_key_revealed.next':
    '{reader, select, customer {If you did not expect this, ask for a new key.} other {If you did not expect this, rotate the key.}}',
  'api_key_rotated.subject': 'API key rotated: {contract}',
  'api_key_rotated.lead': 'The API key of the contract {contract} was rotated on {at}.',
  'api_key_rotated.until':
    'The old key is valid until {until}. {reader, select, customer {Replace it before then.} other {The customer must replace it before then.}}',
  'api_key_rotated.at_once':
    'The old key is not valid any more. {reader, select, customer {Replace it at once.} other {The customer must replace it at once.}}',
  'api_key.id': 'Id of the key',
  'api_key.never_mailed':
    'Keys are never sent by mail. {reader, select, customer {You get the key from the person who looks after your contract.} other {An admin can show the key, and hand it over securely.}}',

  'report.subject':
    '{frequency, select, weekly {Weekly report} quarterly {Quarterly report} other {Monthly report}} of {day}: {contract}',
  'report.lead':
    'This is the {frequency, select, weekly {weekly} quarterly {quarterly} other {monthly}} report of the contract {contract}, as of {day}.',
  'report.attached': 'The file is attached, with masked license keys.',
  'report.too_large': 'The file is too large for a mail. The link needs an API key.',
  'report.show': 'Open the report',

  'digest.subject': '{count, plural, one {One notice of {day}} other {{count, number} notices of {day}}}',
  'digest.lead':
    '{count, plural, one {There is one notice since the last mail.} other {There are {count, number} notices since the last mail.}}',
  'digest.more':
    '{count, plural, one {One more notice does not fit into this mail.} other {{count, number} more notices do not fit into this mail.}}',

  'contact.manager':
    '{topic, select, quota {For a higher limit, contact your account manager{known, select, yes { ({address})} other {}}.} other {If you have questions, contact your account manager{known, select, yes { ({address})} other {}}.}}',

  'facts.environment': 'Environment',
  'facts.contract': 'Contract',
  'facts.product': 'Product',
  'facts.customer': 'Customer',
  'facts.invoice': 'Invoice {id}',
  'facts.due': 'due on {date}',
  'facts.used': 'Used',
  'facts.used_of_total': '{used, number} / {total, number}',
  'facts.remaining': 'Remaining',
  'facts.available': 'Available',
  'facts.since': 'Since',
  'facts.at': 'At',

  'footer.why':
    'You get this mail {role, select, customer {as the customer} billing_contact {as the billing contact} responsible_person {as the responsible person} account_manager {as the account manager} operator {as an operator} other {because your address is in the settings}}{known, select, yes {: contract {contract}} other {}}.',
  'footer.unsubscribe': 'Unsubscribe from mails of this kind',
  'footer.show_contract': 'Show the contract (needs an API key)',
} as const;

export type MessageKey = keyof typeof en;

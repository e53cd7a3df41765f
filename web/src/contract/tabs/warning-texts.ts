/** The warnings of a contract: what each one means, and what to do. */
import { texts } from '../../base/texts';

export const warningTexts = texts({
  en: {
    warnings: 'Warnings',
    BILLING_PAST_DUE: 'An invoice is overdue',
    'BILLING_PAST_DUE.text':
      'Licenses can still be generated. Get the invoice paid before {suspends_on}, or exempt the contract from dunning.',
    SUSPENSION_DUE: 'Suspension is due',
    'SUSPENSION_DUE.text':
      'The day of suspension has come, and the billing system is asked first. If this stays longer than two minutes, check the connection to the billing system.',
    BILLING_UNREACHABLE: 'The billing system gives no answer',
    'BILLING_UNREACHABLE.text':
      'Nothing is suspended or terminated without its answer. Repair the connection; Covenant asks again by itself.',
    PAID_AFTER_TERMINATION: 'Paid after the termination',
    'PAID_AFTER_TERMINATION.text':
      'The contract was terminated because nothing was paid, and the payment came later. A super admin can reinstate it within 30 days; afterwards create a new contract or refund the payment.',
    RENEWAL_BLOCKED: 'The contract was not renewed',
    'RENEWAL_BLOCKED.text':
      'The term is over, and the automatic renewal is blocked: {blocked}. Remove the reason before the grace period ends; the renewal follows at once.',
    QUOTA_NEARLY_USED: '80 percent of the quota are used',
    'QUOTA_NEARLY_USED.text':
      'Decide with the customer whether the quota is raised before requests are refused. Raising it takes effect at once.',
    QUOTA_USED: 'The quota is used up',
    'QUOTA_USED.text': 'No more licenses can be generated. Raise the quota to go on; the API key stays the same.',
    QUOTA_RUNS_OUT: 'The quota runs out soon',
    'QUOTA_RUNS_OUT.text':
      'At the velocity of the last 28 days it is used up on {runs_out_on}. Raise the quota before then.',
    POOL_LOW: 'The pool is nearly empty',
    'POOL_LOW.text':
      'Fewer than {low_water, number} licenses are available for orders. Generate more, or let the pool be replenished automatically.',
    POOL_REPLENISH_BLOCKED: 'The pool cannot be replenished',
    'POOL_REPLENISH_BLOCKED.text': 'The activity log says why. Most often the quota is too small: raise it.',
    POOL_VALIDITY_TOO_SHORT: 'The available licenses expire too early for orders',
    'POOL_VALIDITY_TOO_SHORT.text':
      'Shorten the remaining validity that orders need, or generate licenses that expire later.',
    WEBHOOK_DISABLED: 'A webhook endpoint receives nothing',
    'WEBHOOK_DISABLED.text':
      'It was disabled by hand, is gone, or has failed for five days. Repair its receiver, enable it in the tab Webhooks, and recover what it missed.',
    LIMIT_EXCEEDED: 'More licenses are asked for than the quota allows',
    'LIMIT_EXCEEDED.text':
      'The tab Notifications shows since when and how many. Raise the quota, or let the caller ask for less.',
    'blocked.PAST_DUE': 'an invoice is overdue',
    'blocked.SUSPENDED': 'the contract is suspended',
    'blocked.PAUSED': 'the contract is paused',
    'blocked.OPTED_OUT': 'the customer opted out',
    'blocked.MAX_RENEWALS': 'the last renewal is done',
    'blocked.PRODUCT_INACTIVE': 'the product is inactive',
    'blocked.NO_TERM': 'the contract has no term',
    'blocked.NOT_ACTIVE': 'the contract is not active',
    'blocked.GENERATOR_NOT_AVAILABLE': 'the generator cannot be used',
    'blocked.GENERATOR_KEYSPACE_TOO_SMALL': 'the generator has too few different keys',
    'blocked.QUOTA_TOO_LARGE': 'the quota would be too large',
  },
  de: {
    warnings: 'Warnungen',
    BILLING_PAST_DUE: 'Eine Rechnung ist überfällig',
    'BILLING_PAST_DUE.text':
      'Lizenzen können noch erzeugt werden. Die Rechnung muss vor dem {suspends_on} bezahlt sein, oder Sie nehmen den Vertrag vom Mahnwesen aus.',
    SUSPENSION_DUE: 'Die Sperre ist fällig',
    'SUSPENSION_DUE.text':
      'Der Tag der Sperre ist da, und zuerst wird das Abrechnungssystem gefragt. Bleibt dies länger als zwei Minuten, prüfen Sie die Verbindung zum Abrechnungssystem.',
    BILLING_UNREACHABLE: 'Das Abrechnungssystem antwortet nicht',
    'BILLING_UNREACHABLE.text':
      'Ohne seine Antwort wird nichts gesperrt oder beendet. Stellen Sie die Verbindung wieder her; Covenant fragt von selbst noch einmal.',
    PAID_AFTER_TERMINATION: 'Nach der Beendigung bezahlt',
    'PAID_AFTER_TERMINATION.text':
      'Der Vertrag wurde beendet, weil nichts bezahlt wurde, und die Zahlung kam danach. Ein Super-Admin kann ihn innerhalb von 30 Tagen wiederherstellen; danach legen Sie einen neuen Vertrag an oder erstatten die Zahlung.',
    RENEWAL_BLOCKED: 'Der Vertrag wurde nicht verlängert',
    'RENEWAL_BLOCKED.text':
      'Die Laufzeit ist um, und die automatische Verlängerung ist blockiert: {blocked}. Beseitigen Sie den Grund vor dem Ende der Nachfrist; die Verlängerung folgt dann sofort.',
    QUOTA_NEARLY_USED: '80 Prozent des Kontingents sind verbraucht',
    'QUOTA_NEARLY_USED.text':
      'Klären Sie mit dem Kunden, ob das Kontingent erhöht wird, bevor Anfragen abgelehnt werden. Eine Erhöhung gilt sofort.',
    QUOTA_USED: 'Das Kontingent ist verbraucht',
    'QUOTA_USED.text':
      'Es können keine Lizenzen mehr erzeugt werden. Erhöhen Sie das Kontingent; der API-Schlüssel bleibt derselbe.',
    QUOTA_RUNS_OUT: 'Das Kontingent geht bald zu Ende',
    'QUOTA_RUNS_OUT.text': 'Beim Tempo der letzten 28 Tage ist es am {runs_out_on} verbraucht. Erhöhen Sie es vorher.',
    POOL_LOW: 'Der Pool ist fast leer',
    'POOL_LOW.text':
      'Weniger als {low_water, number} Lizenzen sind für Bestellungen verfügbar. Erzeugen Sie weitere, oder lassen Sie den Pool automatisch auffüllen.',
    POOL_REPLENISH_BLOCKED: 'Der Pool kann nicht aufgefüllt werden',
    'POOL_REPLENISH_BLOCKED.text':
      'Das Protokoll unter „Aktivität“ nennt den Grund. Meist ist das Kontingent zu klein: Erhöhen Sie es.',
    POOL_VALIDITY_TOO_SHORT: 'Die verfügbaren Lizenzen laufen für Bestellungen zu früh ab',
    'POOL_VALIDITY_TOO_SHORT.text':
      'Verkürzen Sie die verlangte Restgültigkeit, oder erzeugen Sie Lizenzen, die später ablaufen.',
    WEBHOOK_DISABLED: 'Ein Webhook-Endpunkt empfängt nichts',
    'WEBHOOK_DISABLED.text':
      'Er wurde von Hand abgeschaltet, besteht nicht mehr oder ist seit fünf Tagen gestört. Bringen Sie den Empfänger in Ordnung, schalten Sie den Endpunkt unter „Webhooks“ ein, und holen Sie nach, was er verpasst hat.',
    LIMIT_EXCEEDED: 'Es werden mehr Lizenzen verlangt, als das Kontingent erlaubt',
    'LIMIT_EXCEEDED.text':
      'Unter „Benachrichtigungen“ steht, seit wann und wie viele. Erhöhen Sie das Kontingent, oder lassen Sie weniger anfordern.',
    'blocked.PAST_DUE': 'eine Rechnung ist überfällig',
    'blocked.SUSPENDED': 'der Vertrag ist gesperrt',
    'blocked.PAUSED': 'der Vertrag ist pausiert',
    'blocked.OPTED_OUT': 'der Kunde hat der Verlängerung widersprochen',
    'blocked.MAX_RENEWALS': 'die letzte Verlängerung ist erfolgt',
    'blocked.PRODUCT_INACTIVE': 'das Produkt ist inaktiv',
    'blocked.NO_TERM': 'der Vertrag hat keine Laufzeit',
    'blocked.NOT_ACTIVE': 'der Vertrag ist nicht aktiv',
    'blocked.GENERATOR_NOT_AVAILABLE': 'der Generator kann nicht verwendet werden',
    'blocked.GENERATOR_KEYSPACE_TOO_SMALL': 'der Generator hat zu wenige verschiedene Schlüssel',
    'blocked.QUOTA_TOO_LARGE': 'das Kontingent würde zu groß',
  },
});

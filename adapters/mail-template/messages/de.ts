/** The words of mails in German. The keys and arguments are those of English. */
import type { MessageKey } from './en';

export const de: Record<MessageKey, string> = {
  'licenses_ready.subject':
    '{count, plural, one {Ihre {type, select, enterprise {Enterprise-Lizenz} other {Lizenz}} ist bereit} other {Ihre {count, number} {type, select, enterprise {Enterprise-Lizenzen} other {Lizenzen}} sind bereit}}',
  'licenses_ready.lead':
    '{count, plural, one {Ihnen wurde eine Lizenz{known, select, yes { von {product}} other {}} zugewiesen.} other {Ihnen wurden {count, number} Lizenzen{known, select, yes { von {product}} other {}} zugewiesen.}}',
  'order_licenses.subject':
    '{count, plural, one {Ihre Lizenz zur Bestellung {order}} other {Ihre {count, number} Lizenzen zur Bestellung {order}}}',
  'order_licenses.lead':
    'Vielen Dank für Ihre Bestellung {order}. {count, plural, one {Dies ist Ihre Lizenz{known, select, yes { von {product}} other {}}.} other {Dies sind Ihre {count, number} Lizenzen{known, select, yes { von {product}} other {}}.}}',
  'licenses.too_many':
    'Diese E-Mail führt sie nicht auf, weil es mehr als {max, number} sind. Der Link unten zeigt alle.',
  'licenses.withdrawn':
    '{count, plural, one {Eine der Lizenzen wurde seitdem zurückgenommen oder widerrufen.} other {{count, number} der Lizenzen wurden seitdem zurückgenommen oder widerrufen.}}',
  'licenses.show': 'Lizenzen anzeigen',
  'licenses.needs_key':
    'Der Link braucht einen API-Schlüssel. Wenn Sie keinen haben, wenden Sie sich an die Person, die Ihren Vertrag betreut.',
  'licenses.keep': 'Bewahren Sie diese E-Mail auf: Ein Lizenzschlüssel ist wie ein Passwort.',
  'licenses.certificate': 'Signiertes Zertifikat (braucht einen API-Schlüssel)',
  'licenses.certificate_exists':
    'Zu dieser Lizenz gehört ein signiertes Zertifikat. Sie erhalten es von Ihrem Anbieter.',
  'licenses.key': 'Lizenzschlüssel',
  'licenses.expires': 'Gültig bis',
  'licenses.valid': 'Gültig',
  'licenses.expires_later':
    '{basis, select, first_activation {wird durch die erste Aktivierung festgelegt} other {wird durch die Zuweisung festgelegt}}',
  'licenses.never_expires': 'ohne Ende',

  'past_due.subject': 'Zahlung überfällig: {contract}',
  'past_due.lead':
    '{count, plural, =0 {Zum Vertrag {contract} ist eine Rechnung überfällig.} one {Zum Vertrag {contract} ist eine Rechnung überfällig.} other {Zum Vertrag {contract} sind {count, number} Rechnungen überfällig.}}',
  'past_due.suspends': 'Ohne Zahlung wird der Vertrag am {date} gesperrt.',
  'past_due.paid':
    '{reader, select, customer {Wenn Sie schon bezahlt haben, müssen Sie nichts tun: Die Zahlung wird bei ihrem Eingang erkannt.} other {Wenn der Kunde schon bezahlt hat, müssen Sie nichts tun: Die Zahlung wird bei ihrem Eingang erkannt.}}',

  'suspended.subject': 'Vertrag gesperrt: {contract}',
  'suspended.lead':
    '{cause, select, billing {Der Vertrag {contract} ist gesperrt, weil Rechnungen nicht bezahlt sind.} other {Der Vertrag {contract} ist aus Gründen der Compliance gesperrt.}}',
  'suspended.effect':
    '{effect, select, suspend {Es können keine Lizenzen erzeugt werden, und ausgegebene Lizenzen sind bis zur Freigabe des Vertrags ungültig.} no_new_activations {Es können keine Lizenzen erzeugt und keine weiteren Geräte aktiviert werden. Aktive Geräte bleiben aktiv.} other {Es können keine Lizenzen erzeugt werden. Ausgegebene Lizenzen bleiben gültig.}}',
  'suspended.next':
    '{cause, select, billing {Der Vertrag wird von selbst wieder freigegeben, wenn die offenen Rechnungen bezahlt sind.} other {Der Vertrag wird wieder freigegeben, wenn die Angelegenheit geklärt ist.}}',
  'suspended.terminates': 'Ohne Zahlung wird der Vertrag am {date} beendet.',

  'reinstated.subject': 'Vertrag wieder freigegeben: {contract}',
  'reinstated.lead': 'Der Vertrag {contract} ist wieder freigegeben. Er gilt wie zuvor.',
  'reinstated.was_wrong': 'Die Sperre war nicht berechtigt, denn die Zahlung wurde verspätet gemeldet.',

  'terminated.subject': 'Vertrag beendet: {contract}',
  'terminated.lead':
    '{cause, select, billing {Der Vertrag {contract} ist beendet, weil Rechnungen nicht bezahlt wurden.} other {Der Vertrag {contract} ist beendet.}}',
  'terminated.reason': 'Grund',
  'terminated.effect':
    '{revokes, select, yes {Es können keine Lizenzen erzeugt werden, und ausgegebene Lizenzen sind widerrufen.} other {Es können keine Lizenzen erzeugt werden. Ausgegebene Lizenzen bleiben bis zu ihrem Ablauf gültig.}}',

  'renewal_reminder.subject':
    '{occasion, select, last_day_to_opt_out {Letzter Tag, um der Verlängerung zu widersprechen: {contract}} other {{mode, select, auto {Vertrag verlängert sich in {days, plural, one {# Tag} other {# Tagen}}: {contract}} other {Vertrag endet in {days, plural, one {# Tag} other {# Tagen}}: {contract}}}}}',
  'renewal_reminder.lead':
    '{mode, select, auto {Der Vertrag {contract} verlängert sich nach dem {last_day} automatisch.} none {Der Vertrag {contract} endet am {last_day} und wird nicht verlängert.} other {Der Vertrag {contract} endet am {last_day}. Er verlängert sich nicht automatisch.}}',
  'renewal_reminder.opt_out':
    '{reader, select, customer {Wenn Sie der Verlängerung widersprechen möchten, teilen Sie das spätestens bis zum {date} mit.} other {Der Kunde kann bis zum {date} widersprechen.}}',
  'renewal_reminder.opt_out_over': 'Der letzte Tag für einen Widerspruch war der {date}.',
  'renewal_reminder.last_day': 'Heute ist der letzte Tag für einen Widerspruch.',
  'renewal_reminder.by_hand':
    '{reader, select, customer {Wenn Sie fortfahren möchten, bitten Sie vor diesem Tag um eine Verlängerung.} other {Soll er weiterlaufen, verlängern Sie ihn vor diesem Tag.}}',

  'renewed.subject': 'Vertrag verlängert bis zum {last_day}: {contract}',
  'renewed.lead':
    'Der Vertrag {contract} ist verlängert. Seine neue Laufzeit reicht vom {first_day} bis zum {last_day}.',
  'renewed.quota_added': 'Zum Kontingent hinzugefügt',

  'will_not_renew.subject': 'Vertrag wird nicht verlängert: {contract}',
  'will_not_renew.lead':
    '{cause, select, opted_out {Der Vertrag {contract} wird nicht verlängert, weil {reader, select, customer {Sie widersprochen haben} other {der Kunde widersprochen hat}}.} other {Der Vertrag {contract} konnte nicht verlängert werden.}}',
  'will_not_renew.reason':
    '{cause, select, OPTED_OUT {{reader, select, customer {Sie haben} other {Der Kunde hat}} widersprochen.} MAX_RENEWALS {Er wurde so oft verlängert wie vereinbart.} NO_TERM {Die Dauer einer neuen Laufzeit ist nicht vereinbart.} NOT_ACTIVE {Er ist nicht aktiv.} PAST_DUE {Eine Rechnung ist überfällig.} PAUSED {Er ist angehalten.} SUSPENDED {Er ist gesperrt.} PRODUCT_INACTIVE {Sein Produkt ist nicht aktiv.} GENERATOR_NOT_AVAILABLE {Sein Lizenzgenerator ist nicht verfügbar.} GENERATOR_KEYSPACE_TOO_SMALL {Das Schlüsselformat seines Lizenzgenerators ist für das neue Kontingent zu kurz.} QUOTA_TOO_LARGE {Das neue Kontingent wäre zu groß.} other {Grund: {cause}.}}',
  'will_not_renew.once':
    'Der letzte Tag, der kommenden Verlängerung zu widersprechen, ist vorbei: Der Vertrag wird noch einmal verlängert.',
  'will_not_renew.ends': 'Der letzte Tag seiner letzten Laufzeit ist der {last_day}.',

  'expired.subject': 'Vertrag abgelaufen: {contract}',
  'expired.lead':
    '{known, select, yes {Der Vertrag {contract} ist abgelaufen. Der letzte Tag seiner Laufzeit war der {last_day}.} other {Der Vertrag {contract} ist abgelaufen.}}',
  'expired.next':
    'Bis zu einer Verlängerung können keine Lizenzen erzeugt werden. Ausgegebene Lizenzen behalten ihren eigenen Ablauf.',

  'quota_80.subject': '{percent} des Kontingents verbraucht: {contract}',
  'quota_80.lead':
    '{used, number} von {total, number} Lizenzen des Vertrags {contract} {used, plural, one {ist} other {sind}} verbraucht. {remaining, plural, one {# Lizenz bleibt.} other {{remaining, number} Lizenzen bleiben.}}',
  'quota_100.subject': 'Kontingent aufgebraucht: {contract}',
  'quota_100.lead':
    'Alle {total, number} Lizenzen des Vertrags {contract} sind verbraucht. Weitere Anfragen werden abgelehnt, bis das Kontingent erhöht wird.',

  'quota_raised.subject':
    '{occasion, select, period {Kontingent {period} aktiviert: {available, plural, one {# Lizenz} other {{available, number} Lizenzen}} verfügbar} emergency {Dringende Erhöhung des Kontingents genehmigt: {amount, plural, one {# zusätzliche Lizenz} other {{amount, number} zusätzliche Lizenzen}}} other {Kontingent um {amount, plural, one {# Lizenz} other {{amount, number} Lizenzen}} erhöht: {available, number} verfügbar}}',
  'quota_raised.term': 'Laufzeit {number, number}',
  'quota_raised.lead':
    'Das Kontingent des Vertrags {contract} ist um {amount, plural, one {# Lizenz} other {{amount, number} Lizenzen}} erhöht. Aktuell: {used, number} / {total, number} verbraucht.',
  'quota_raised.emergency':
    '{reader, select, customer {Bitte besprechen Sie eine dauerhafte Erhöhung mit der Person, die Ihren Vertrag betreut.} other {Besprechen Sie eine dauerhafte Erhöhung mit dem Kunden.}}',
  'quota_raised.same_key':
    '{reader, select, customer {Die Änderung gilt sofort. Sonst ändert sich nichts: Verwenden Sie denselben API-Schlüssel weiter.} other {Die Änderung gilt sofort. Der Kunde verwendet denselben API-Schlüssel weiter.}}',

  'limit_exceeded.subject':
    '{occasion, select, grown {Bedarf über {limit, select, seats {der Anzahl der Plätze} other {dem Kontingent}} ist gestiegen: {contract}} reminder {Weiterhin über {limit, select, seats {der Anzahl der Plätze} other {dem Kontingent}}: {contract}} other {Mehr angefragt, als {limit, select, seats {Plätze vorhanden sind} other {das Kontingent erlaubt}}: {contract}}}',
  'limit_exceeded.lead':
    'Seit dem {since} wird mehr angefragt, als der Vertrag {contract} erlaubt. {used, number} von {total, number} {limit, select, seats {Plätzen} other {Lizenzen}} {used, plural, one {ist} other {sind}} verbraucht.',
  'limit_exceeded.demand': 'Benötigt',
  'limit_exceeded.largest': 'Größte abgelehnte Anfrage',
  'limit_exceeded.next':
    '{reader, select, customer {Anfragen über der Grenze werden abgelehnt.} other {Erhöhen Sie die Grenze, oder bitten Sie den Kunden, die Anfragen einzustellen.}} Sie erhalten dazu höchstens eine E-Mail am Tag, und nur wenn der Bedarf steigt, sowie höchstens vier wöchentliche Erinnerungen.',

  'low_water.subject': 'Pool geht zur Neige: {contract}',
  'low_water.lead':
    '{available, plural, =0 {Der Pool {contract} hat keine verfügbare Lizenz.} one {Der Pool {contract} hat eine verfügbare Lizenz.} other {Der Pool {contract} hat {available, number} verfügbare Lizenzen.}} Die Grenze für diesen Hinweis ist {low_water, number}.',
  'low_water.next':
    'Erhöhen Sie bei Bedarf das Kontingent, und erzeugen Sie weitere Lizenzen, oder stellen Sie ein, dass der Pool automatisch aufgefüllt wird.',

  'replenish_blocked.subject': 'Pool kann nicht aufgefüllt werden: {contract}',
  'replenish_blocked.lead':
    '{cause, select, quota {Der Pool {contract} kann nicht bis zu seinem Ziel aufgefüllt werden, weil sein Kontingent aufgebraucht ist.} other {Der Pool {contract} kann nicht aufgefüllt werden.}}',
  'replenish_blocked.next':
    '{cause, select, quota {Erhöhen Sie das Kontingent: Danach wird der Pool von selbst aufgefüllt.} JOB_FAILED {Ein Auftrag zur Erzeugung ist fehlgeschlagen. Sehen Sie seine Fehler an, und setzen Sie ihn fort.} other {Grund: {cause}.}}',
  'replenish_blocked.target': 'Ziel',
  'replenish_blocked.requested': 'Schon angefordert',

  'webhook_disabled.subject': 'Webhook-Endpunkt abgeschaltet: {host}',
  'webhook_disabled.lead':
    '{reason, select, gone {Der Endpunkt bei {host} ist abgeschaltet, weil er mit 410 (Gone) geantwortet hat.} other {Der Endpunkt bei {host} ist abgeschaltet, weil {known, select, yes {seit dem {since}} other {seit Tagen}} jede Zustellung fehlgeschlagen ist.}}',
  'webhook_disabled.next':
    'Ausstehende Zustellungen bleiben erhalten. Reparieren Sie den Empfänger, und schalten Sie den Endpunkt wieder ein.',
  'webhook_disabled.endpoint': 'Endpunkt',

  'job_failed.subject':
    '{job, select, import {Import endete mit Fehlern} license_operation {Vorgang an Lizenzen endete mit Fehlern} other {Erzeugung von Lizenzen fehlgeschlagen}}{known, select, yes {: {contract}} other {}}',
  'job_failed.lead':
    '{job, select, import {{failed, number} von {requested, number} Zeilen eines Imports {failed, plural, one {wurde} other {wurden}} nicht übernommen.} license_operation {{failed, number} von {requested, number} Lizenzen eines Vorgangs {failed, plural, one {wurde} other {wurden}} nicht geändert.} other {{failed, number} von {requested, number} Lizenzen {failed, plural, one {wurde} other {wurden}} nicht erzeugt.}}',
  'job_failed.succeeded': 'Gelungen',
  'job_failed.failed': 'Fehlgeschlagen',
  'job_failed.show': 'Auftrag anzeigen (braucht einen API-Schlüssel)',

  'api_key_revealed.subject': 'API-Schlüssel wurde angezeigt: {contract}',
  'api_key_revealed.lead':
    'Der API-Schlüssel des Vertrags {contract} wurde am {at} {known, select, yes {dem Admin {admin}} other {einem Admin}} angezeigt.',
  'api_key_revealed.next':
    '{reader, select, customer {Wenn Sie das nicht erwartet haben, bitten Sie um einen neuen Schlüssel.} other {Wenn Sie das nicht erwartet haben, ersetzen Sie den Schlüssel.}}',
  'api_key_rotated.subject': 'API-Schlüssel ersetzt: {contract}',
  'api_key_rotated.lead': 'Der API-Schlüssel des Vertrags {contract} wurde am {at} ersetzt.',
  'api_key_rotated.until':
    'Der alte Schlüssel gilt bis zum {until}. {reader, select, customer {Tauschen Sie ihn vorher aus.} other {Der Kunde muss ihn vorher austauschen.}}',
  'api_key_rotated.at_once':
    'Der alte Schlüssel gilt nicht mehr. {reader, select, customer {Tauschen Sie ihn sofort aus.} other {Der Kunde muss ihn sofort austauschen.}}',
  'api_key.id': 'Kennung des Schlüssels',
  'api_key.never_mailed':
    'Schlüssel werden nie per E-Mail verschickt. {reader, select, customer {Sie erhalten den Schlüssel von der Person, die Ihren Vertrag betreut.} other {Ein Admin kann den Schlüssel anzeigen und auf sicherem Weg übergeben.}}',

  'report.subject':
    '{frequency, select, weekly {Wochenbericht} quarterly {Quartalsbericht} other {Monatsbericht}} vom {day}: {contract}',
  'report.lead':
    'Dies ist der {frequency, select, weekly {Wochenbericht} quarterly {Quartalsbericht} other {Monatsbericht}} des Vertrags {contract}, Stand {day}.',
  'report.attached': 'Die Datei ist angehängt. Die Lizenzschlüssel darin sind verkürzt.',
  'report.too_large': 'Die Datei ist zu groß für eine E-Mail. Der Link braucht einen API-Schlüssel.',
  'report.show': 'Bericht öffnen',

  'digest.subject': '{count, plural, one {Ein Hinweis vom {day}} other {{count, number} Hinweise vom {day}}}',
  'digest.lead':
    '{count, plural, one {Seit der letzten E-Mail gibt es einen Hinweis.} other {Seit der letzten E-Mail gibt es {count, number} Hinweise.}}',
  'digest.more':
    '{count, plural, one {Ein weiterer Hinweis passt nicht in diese E-Mail.} other {{count, number} weitere Hinweise passen nicht in diese E-Mail.}}',

  'contact.manager':
    '{topic, select, quota {Für eine höhere Grenze wenden Sie sich an Ihre Kundenbetreuung{known, select, yes { ({address})} other {}}.} other {Bei Fragen wenden Sie sich an Ihre Kundenbetreuung{known, select, yes { ({address})} other {}}.}}',

  'facts.environment': 'Umgebung',
  'facts.contract': 'Vertrag',
  'facts.product': 'Produkt',
  'facts.customer': 'Kunde',
  'facts.invoice': 'Rechnung {id}',
  'facts.due': 'fällig am {date}',
  'facts.used': 'Verbraucht',
  'facts.used_of_total': '{used, number} / {total, number}',
  'facts.remaining': 'Verbleibend',
  'facts.available': 'Verfügbar',
  'facts.since': 'Seit',
  'facts.at': 'Zeitpunkt',

  'footer.why':
    'Sie erhalten diese E-Mail{role, select, customer { als Kunde} billing_contact { als Kontakt für Rechnungen} responsible_person { als verantwortliche Person} account_manager { als Kundenbetreuung} operator { als Betreiber} other {, weil Ihre Adresse in den Einstellungen steht}}{known, select, yes {: Vertrag {contract}} other {}}.',
  'footer.unsubscribe': 'E-Mails dieser Art abbestellen',
  'footer.show_contract': 'Vertrag anzeigen (braucht einen API-Schlüssel)',
};

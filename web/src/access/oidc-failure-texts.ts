/** Why a sign-in with the identity provider failed, by the code in the address of the sign-in page. */
import { texts } from '../base/texts';

export const oidcFailureTexts = texts({
  en: {
    attempt_invalid:
      'This sign-in took longer than 10 minutes, was finished already, or began in another browser. Start again.',
    not_configured: 'This installation has no identity provider. Use a password or an API key.',
    provider_unavailable:
      'The identity provider does not answer. Try again in a moment, or use a password or an API key.',
    provider_refused: 'The identity provider has refused the sign-in, or it was cancelled. Start again.',
    answer_invalid:
      'The answer of the identity provider is not valid. Start again. If this stays, the log of the API has the reason.',
    email_unverified:
      'The identity provider does not say that it has verified your email address. Verify it there, or ask a super admin for an invitation.',
    no_admin: 'No active admin has the email address of your account. Ask a super admin to add you.',
    other_account:
      'The admin with your email address signs in with another account of the identity provider. Use that account, or ask a super admin to disable the admin and to enable it again.',
    too_many_attempts: 'Too many attempts to sign in have failed from your address. Try again in 15 minutes.',
    session_ended: 'Your session has ended. Sign in again.',
    other_person: 'You have confirmed with the account of another person. Nothing was confirmed.',
    not_recent: 'The identity provider has not asked for a new sign-in. Confirm with an API key or a password.',
  },
  de: {
    attempt_invalid:
      'Diese Anmeldung hat länger als 10 Minuten gedauert, wurde schon abgeschlossen oder in einem anderen Browser begonnen. Beginnen Sie noch einmal.',
    not_configured:
      'Diese Installation hat keinen Identitätsanbieter. Verwenden Sie ein Passwort oder einen API-Schlüssel.',
    provider_unavailable:
      'Der Identitätsanbieter antwortet nicht. Versuchen Sie es gleich noch einmal, oder verwenden Sie ein Passwort oder einen API-Schlüssel.',
    provider_refused:
      'Der Identitätsanbieter hat die Anmeldung abgelehnt, oder sie wurde abgebrochen. Beginnen Sie noch einmal.',
    answer_invalid:
      'Die Antwort des Identitätsanbieters ist nicht gültig. Beginnen Sie noch einmal. Wenn das so bleibt, steht der Grund im Protokoll der API.',
    email_unverified:
      'Der Identitätsanbieter bestätigt Ihre E-Mail-Adresse nicht. Bestätigen Sie sie dort, oder bitten Sie einen Super-Admin um eine Einladung.',
    no_admin: 'Kein aktiver Admin hat die E-Mail-Adresse Ihres Kontos. Bitten Sie einen Super-Admin, Sie hinzuzufügen.',
    other_account:
      'Der Admin mit Ihrer E-Mail-Adresse meldet sich mit einem anderen Konto des Identitätsanbieters an. Verwenden Sie dieses Konto, oder bitten Sie einen Super-Admin, den Admin zu deaktivieren und wieder zu aktivieren.',
    too_many_attempts:
      'Von Ihrer Adresse sind zu viele Anmeldungen fehlgeschlagen. Versuchen Sie es in 15 Minuten noch einmal.',
    session_ended: 'Ihre Sitzung ist beendet. Melden Sie sich noch einmal an.',
    other_person: 'Sie haben mit dem Konto einer anderen Person bestätigt. Es wurde nichts bestätigt.',
    not_recent:
      'Der Identitätsanbieter hat keine neue Anmeldung verlangt. Bestätigen Sie mit einem API-Schlüssel oder einem Passwort.',
  },
});

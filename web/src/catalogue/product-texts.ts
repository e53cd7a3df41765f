import { texts } from '../base/texts';

export const productTexts = texts({
  en: {
    create: 'Create product',
    edit: 'Edit product',
    search: 'Name or UUID',
    empty: 'No product yet',
    empty_text:
      'A product is what you sell. Generators, contracts and licenses belong to one. Create it first; then add a generator.',
    modules: 'Modules',
    modules_text: 'Codes of its modules. Press Enter after each one.',
    code_text: 'The name by which programs know the product. It is unique within the environment.',
    environment_text: 'Everything that is created from the product has this environment. It cannot be changed later.',
    status_text: 'For an inactive product, no licenses are generated.',
    generators_of: 'Generators of this product',
    'keys.title': 'Signing keys',
    'keys.text':
      'Licenses of this product are signed with its active key. Programs check a signature with the public keys that the JWKS address publishes.',
    'keys.jwks': 'JWKS address',
    'keys.none': 'No signing key yet',
    'keys.none_text': 'The first certificate of a license creates one. You can also create it now.',
    'keys.create': 'Create signing key',
    'keys.replace': 'Replace signing key',
    'keys.replace_text':
      'The new key signs from now on. The former key verifies only: it stays published until you retire it, and its private part is deleted. Programs that keep the public keys must read them again before they meet a license that the new key signed.',
    'keys.steps':
      'To rotate: 1. replace the key. 2. Wait until every certificate that the former key signed has ended or was issued again. 3. Retire the former key.',
    'keys.created': 'The new key signs from now on.',
    'keys.retire': 'Retire',
    'keys.retire_title': 'Retire signing key',
    'keys.retire_text':
      'The key is no longer published. Programs refuse every certificate that it signed as soon as they read the public keys again. This cannot be undone.',
    'keys.retired_note': 'The key is retired.',
    'keys.kid': 'Key',
    'keys.state': 'State',
    'keys.since': 'Verifies only since',
    'keys.retired_at': 'Retired',
    active: 'Signs',
    verify_only: 'Verifies only',
    retired: 'Retired',
  },
  de: {
    create: 'Produkt anlegen',
    edit: 'Produkt bearbeiten',
    search: 'Name oder UUID',
    empty: 'Noch kein Produkt',
    empty_text:
      'Ein Produkt ist, was Sie verkaufen. Generatoren, Verträge und Lizenzen gehören zu einem Produkt. Legen Sie es zuerst an und danach einen Generator.',
    modules: 'Module',
    modules_text: 'Codes der Module. Drücken Sie nach jedem die Eingabetaste.',
    code_text: 'Unter diesem Namen kennen Programme das Produkt. Er ist innerhalb der Umgebung eindeutig.',
    environment_text:
      'Alles, was aus dem Produkt entsteht, hat diese Umgebung. Sie lässt sich später nicht mehr ändern.',
    status_text: 'Für ein inaktives Produkt werden keine Lizenzen erzeugt.',
    generators_of: 'Generatoren dieses Produkts',
    'keys.title': 'Signaturschlüssel',
    'keys.text':
      'Lizenzen dieses Produkts werden mit dem aktiven Schlüssel signiert. Programme prüfen eine Signatur mit den öffentlichen Schlüsseln unter der JWKS-Adresse.',
    'keys.jwks': 'JWKS-Adresse',
    'keys.none': 'Noch kein Signaturschlüssel',
    'keys.none_text': 'Das erste Zertifikat einer Lizenz legt einen an. Sie können ihn auch jetzt anlegen.',
    'keys.create': 'Signaturschlüssel anlegen',
    'keys.replace': 'Signaturschlüssel ersetzen',
    'keys.replace_text':
      'Ab jetzt signiert der neue Schlüssel. Der bisherige prüft nur noch: Er bleibt veröffentlicht, bis Sie ihn zurückziehen; sein privater Teil wird gelöscht. Programme, die sich die öffentlichen Schlüssel merken, müssen sie neu lesen, bevor sie eine Lizenz des neuen Schlüssels prüfen.',
    'keys.steps':
      'So wechseln Sie: 1. Ersetzen Sie den Schlüssel. 2. Warten Sie, bis jedes Zertifikat des bisherigen Schlüssels abgelaufen oder neu ausgestellt ist. 3. Ziehen Sie den bisherigen Schlüssel zurück.',
    'keys.created': 'Ab jetzt signiert der neue Schlüssel.',
    'keys.retire': 'Zurückziehen',
    'keys.retire_title': 'Signaturschlüssel zurückziehen',
    'keys.retire_text':
      'Der Schlüssel wird nicht mehr veröffentlicht. Sobald Programme die öffentlichen Schlüssel wieder lesen, lehnen sie jedes Zertifikat ab, das er signiert hat. Das lässt sich nicht rückgängig machen.',
    'keys.retired_note': 'Der Schlüssel ist zurückgezogen.',
    'keys.kid': 'Schlüssel',
    'keys.state': 'Zustand',
    'keys.since': 'Prüft nur noch seit',
    'keys.retired_at': 'Zurückgezogen',
    active: 'Signiert',
    verify_only: 'Prüft nur noch',
    retired: 'Zurückgezogen',
  },
});

/** The domain events about the API key of a contract. They name keys and people by their ids, and never hold a key. */
import { z } from 'zod';
import { EXAMPLE, Id, InstantText, eventKind } from './event-kind';

const KeyId = z.string().describe('The id of the key: the part of it that is no secret');
const FIELDS = { contract_id: Id, key_id: KeyId, actor_id: z.string().describe('The id of the admin who did it') };
const FIELDS_EXAMPLE = {
  contract_id: EXAMPLE.contract_id,
  key_id: 'K7Q2M9XT4BW3',
  actor_id: '0197a3c2-e1b8-7c29-9fda-c3f471829bae',
};

export const KEY_EVENTS = {
  'contract.api_key_revealed': eventKind('The API key of a contract is shown to an admin.', FIELDS, FIELDS_EXAMPLE),
  'contract.api_key_rotated': eventKind(
    'The API key of a contract is replaced by a new one.',
    {
      ...FIELDS,
      former_key_id: KeyId.nullable().describe('The id of the key before'),
      former_key_accepted_until: InstantText.nullable().describe(
        'Until when the former key is accepted too. Null: it is rejected from now on',
      ),
    },
    { ...FIELDS_EXAMPLE, former_key_id: 'B4XWQ8ZP2NK6', former_key_accepted_until: '2027-06-07T10:30:00.000Z' },
  ),
};

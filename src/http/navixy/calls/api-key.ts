/**
 * API keys of an account: `api/key/create`, `list`, `delete`, under their older names too. A key is shown once, when it is made; later
 * only its first characters are known, and a key may be deleted by them.
 */
import { Type } from '@sinclair/typebox';
import { credentialLength, digestOf, newCredential } from '../../../store/credentials.js';
import type { ApiKeyRow } from '../../../store/rows.js';
import { apiKeySchema } from '../bodies.js';
import { alias, type CallContext, defineCall, noParams } from '../call.js';
import { NavixyError } from '../errors.js';
import { printable } from '../param-types.js';

/** Keys an account may have. */
const maxKeys = 20;
const shownCharacters = 4;

/** The first characters of a key, the rest as asterisks. */
function masked(prefix: string): string {
  return prefix.padEnd(credentialLength, '*');
}

const create = defineCall({
  name: 'api/key/create',
  summary: 'Makes an API key; its hash is shown this once',
  params: Type.Object({ title: printable(1, 255, 'What the key is for') }),
  response: { value: apiKeySchema },
  access: 'master-session',
  errors: [268],
  handler: async (context, { title }) => {
    const hash = newCredential();
    const row = await context.services.store.change((tx) => {
      const { accountId, id: userId } = context.user;
      if (tx.registry.apiKeysOfAccount(accountId).length >= maxKeys) throw new NavixyError(268);
      const id = tx.nextId('apiKey');
      const secret = { digest: digestOf(hash), prefix: hash.slice(0, shownCharacters) };
      const made: ApiKeyRow = { id, accountId, userId, title, ...secret, createdAt: tx.at };
      tx.put('apiKey', made);
      return made;
    });
    return { value: { hash, create_date: context.dates.format(row.createdAt), title } };
  },
});

const list = defineCall({
  name: 'api/key/list',
  summary: 'API keys of the account, their hashes masked',
  params: noParams,
  response: { list: Type.Array(apiKeySchema) },
  access: 'master',
  handler: (context) => ({
    list: keysOf(context).map((key) => ({
      hash: masked(key.prefix),
      create_date: context.dates.format(key.createdAt),
      title: key.title,
    })),
  }),
});

const remove = defineCall({
  name: 'api/key/delete',
  summary: 'Deletes an API key, given in whole or, where only one fits, as `api/key/list` shows it',
  params: Type.Object({ key: Type.String() }),
  response: {},
  access: 'master-session',
  errors: [201],
  handler: (context, { key }) => deleteKey(context, key),
});

const removeByOldName = defineCall({
  name: 'user/api_key/delete',
  summary: 'The same as `api/key/delete`',
  params: Type.Object({ api_key: Type.String() }),
  response: {},
  access: 'master-session',
  errors: [201],
  handler: (context, params) => deleteKey(context, params.api_key),
});

function keysOf(context: CallContext): ApiKeyRow[] {
  const { registry } = context.services.store;
  return [...registry.apiKeysOfAccount(context.user.accountId)].sort((left, right) => left.id - right.id);
}

/** Throws code 201 when no key, or more than one masked one, fits. */
async function deleteKey(context: CallContext, given: string): Promise<Record<string, never>> {
  const digest = digestOf(given);
  const fitting = keysOf(context).filter((key) => key.digest === digest || masked(key.prefix) === given);
  const [key] = fitting;
  if (key === undefined || fitting.length > 1) throw new NavixyError(201);
  await context.services.store.change((tx) => tx.remove('apiKey', key.id));
  return {};
}

export const apiKeyCalls = [
  create,
  list,
  remove,
  alias(create, 'user/api_key/create'),
  alias(list, 'user/api_key/list'),
  removeByOldName,
] as const;

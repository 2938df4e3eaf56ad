/**
 * Groups of trackers: `tracker/group/list`, `create`, `update`, `delete`, `assign`. Group 0 is no group: it is never listed and cannot be
 * changed, but trackers may be assigned to it.
 */
import { Type } from '@sinclair/typebox';
import type { Transaction } from '../../../store/contract.js';
import type { GroupRow } from '../../../store/rows.js';
import { type CallContext, defineCall, noParams } from '../call.js';
import { NavixyError } from '../errors.js';
import { colour, printable } from '../param-types.js';
import { requireTrackers } from '../visibility.js';

const groupId = Type.Integer({ description: 'Group id' });
const title = printable(1, 60, 'Printable');
const groupSchema = Type.Object({ id: groupId, title: Type.String(), color: Type.String() });
const rights = ['admin'] as const;

const list = defineCall({
  name: 'tracker/group/list',
  summary: 'Groups of the account',
  params: noParams,
  response: { list: Type.Array(groupSchema) },
  handler: (context) => ({
    list: groupsOf(context).map(({ id, title: text, color }) => ({ id, title: text, color })),
  }),
});

function groupsOf(context: CallContext): GroupRow[] {
  const { accountId } = context.user;
  return [...context.services.store.registry.all('group')]
    .filter((group) => group.accountId === accountId)
    .sort((left, right) => left.id - right.id);
}

const create = defineCall({
  name: 'tracker/group/create',
  summary: 'Makes a group',
  params: Type.Object({ title, color: colour }),
  response: { id: groupId },
  rights,
  errors: [13],
  handler: async (context, params) => {
    const { accountId } = context.user;
    const id = await context.services.store.change((tx) => {
      const made = tx.nextId('group');
      tx.put('group', { id: made, accountId, title: params.title, color: params.color });
      return made;
    });
    return { id };
  },
});

const update = defineCall({
  name: 'tracker/group/update',
  summary: 'Changes title and colour of a group',
  params: Type.Object({ id: groupId, title, color: colour }),
  response: {},
  rights,
  errors: [13, 201],
  handler: async (context, params) => {
    const group = requireGroup(context, params.id);
    await context.services.store.change((tx) =>
      tx.put('group', { ...group, title: params.title, color: params.color }),
    );
    return {};
  },
});

const remove = defineCall({
  name: 'tracker/group/delete',
  summary: 'Deletes a group; its trackers are in none then',
  params: Type.Object({ id: groupId }),
  response: {},
  rights,
  errors: [13, 201],
  handler: async (context, params) => {
    const group = requireGroup(context, params.id);
    await context.services.store.change((tx) => {
      tx.remove('group', group.id);
      for (const tracker of [...tx.registry.trackersOfAccount(group.accountId)]) {
        if (tracker.groupId === group.id) tx.put('tracker', { ...tracker, groupId: 0 });
      }
    });
    return {};
  },
});

const assign = defineCall({
  name: 'tracker/group/assign',
  summary: 'Puts trackers into a group; 0 takes them out of any',
  params: Type.Object({ id: groupId, trackers: Type.Array(Type.Integer(), { maxItems: 100_000 }) }),
  response: {},
  rights,
  errors: [13, 201, 217],
  handler: async (context, params) => {
    if (params.id !== 0) requireGroup(context, params.id);
    const views = requireTrackers(context, params.trackers);
    await context.services.store.change((tx) => {
      for (const { tracker } of views) moveTo(tx, tracker.id, params.id);
    });
    return {};
  },
});

function moveTo(tx: Transaction, trackerId: number, id: number): void {
  const tracker = tx.registry.get('tracker', trackerId);
  if (tracker !== undefined && tracker.groupId !== id) tx.put('tracker', { ...tracker, groupId: id });
}

/** Throws code 201. */
function requireGroup(context: CallContext, id: number): GroupRow {
  const group = context.services.store.registry.get('group', id);
  if (group?.accountId !== context.user.accountId) throw new NavixyError(201);
  return group;
}

export const groupCalls = [list, create, update, remove, assign] as const;

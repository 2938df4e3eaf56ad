/**
 * Tags: `tag/list`, `create`, `update`, `delete`, `search`, and `tracker/tags/set`, which ties them to trackers. Of all that may carry
 * tags only trackers exist here.
 */
import { Type } from '@sinclair/typebox';
import type { Transaction } from '../../../store/contract.js';
import type { Registry } from '../../../store/registry.js';
import type { TagRow, TrackerRow } from '../../../store/rows.js';
import { trackerSchema } from '../bodies.js';
import { type CallContext, defineCall } from '../call.js';
import { invalidParameters, NavixyError, type Violation } from '../errors.js';
import { colour, oneOf, printable, trackerId } from '../param-types.js';
import { trackerBody } from '../tracker-body.js';
import { requireOpenTracker, visibleTrackers } from '../visibility.js';

const tagId = Type.Integer({ description: 'Tag id' });
const name = printable(1, 60, 'Printable');
const tagSchema = Type.Object({ id: tagId, name: Type.String(), color: Type.String() });
const rights = ['tag_update'] as const;

const list = defineCall({
  name: 'tag/list',
  summary: 'Tags of the account',
  params: Type.Object({
    filter: Type.Optional(Type.String({ minLength: 3, maxLength: 60, description: 'Part of the name, in any case' })),
  }),
  response: { list: Type.Array(tagSchema) },
  handler: (context, { filter }) => ({
    list: tagsOf(context)
      .filter((tag) => tag.name.toLowerCase().includes(filter?.toLowerCase() ?? ''))
      .map((tag) => ({ id: tag.id, name: tag.name, color: tag.color })),
  }),
});

function tagsOf(context: CallContext): TagRow[] {
  const { accountId } = context.user;
  return [...context.services.store.registry.all('tag')]
    .filter((tag) => tag.accountId === accountId)
    .sort((left, right) => left.id - right.id);
}

const create = defineCall({
  name: 'tag/create',
  summary: 'Makes a tag',
  params: Type.Object({ tag: Type.Object({ name, color: colour }) }),
  response: { id: tagId },
  rights,
  errors: [13],
  handler: async (context, { tag }) => {
    const { accountId } = context.user;
    const id = await context.services.store.change((tx) => {
      const made = tx.nextId('tag');
      tx.put('tag', { id: made, accountId, name: tag.name, color: tag.color });
      return made;
    });
    return { id };
  },
});

const update = defineCall({
  name: 'tag/update',
  summary: 'Changes name and colour of a tag',
  params: Type.Object({ tag: Type.Object({ id: tagId, name, color: colour }) }),
  response: {},
  rights,
  errors: [13, 201],
  handler: async (context, { tag }) => {
    const row = ownTag(context.services.store.registry, context.user.accountId, tag.id);
    if (row === undefined) throw new NavixyError(201);
    await context.services.store.change((tx) => tx.put('tag', { ...row, name: tag.name, color: tag.color }));
    return {};
  },
});

const remove = defineCall({
  name: 'tag/delete',
  summary: 'Deletes a tag, or several; trackers lose them',
  params: Type.Object({
    tag_id: Type.Optional(tagId),
    tag_ids: Type.Optional(
      Type.Array(Type.Integer(), { maxItems: 10_000, description: 'Unknown ones are passed over' }),
    ),
  }),
  response: {},
  rights,
  errors: [13, 201],
  examine: ({ tag_id, tag_ids }) =>
    (tag_id === undefined) === (tag_ids === undefined)
      ? [{ parameter: 'tag_id', error: 'exactly one of tag_id and tag_ids must be given' }]
      : [],
  handler: async (context, { tag_id, tag_ids = [] }) => {
    const { accountId } = context.user;
    await context.services.store.change((tx) => {
      if (tag_id !== undefined && ownTag(tx.registry, accountId, tag_id) === undefined) throw new NavixyError(201);
      const ids = tag_id === undefined ? tag_ids : [tag_id];
      deleteTags(tx, accountId, new Set(ids.filter((id) => ownTag(tx.registry, accountId, id) !== undefined)));
    });
    return {};
  },
});

function deleteTags(tx: Transaction, accountId: number, ids: ReadonlySet<number>): void {
  for (const id of ids) tx.remove('tag', id);
  for (const tracker of [...tx.registry.trackersOfAccount(accountId)]) {
    const tagBindings = tracker.tagBindings.filter((binding) => !ids.has(binding.tagId));
    if (tagBindings.length < tracker.tagBindings.length) tx.put('tracker', { ...tracker, tagBindings });
  }
}

function ownTag(registry: Registry, accountId: number, id: number): TagRow | undefined {
  const tag = registry.get('tag', id);
  return tag?.accountId === accountId ? tag : undefined;
}

const entityTypes = ['place', 'task', 'task_schedule', 'employee', 'vehicle', 'zone', 'tracker'] as const;
const nothing = Type.Array(Type.Object({}, { additionalProperties: true }));

const search = defineCall({
  name: 'tag/search',
  summary: 'What carries all of the tags',
  params: Type.Object({
    tag_ids: Type.Array(Type.Integer(), { minItems: 1, maxItems: 1000 }),
    entity_types: Type.Optional(Type.Array(oneOf(entityTypes))),
  }),
  response: {
    result: Type.Object({
      place: nothing,
      task: nothing,
      task_schedule: nothing,
      employee: nothing,
      vehicle: nothing,
      zone: nothing,
      tracker: Type.Array(trackerSchema),
    }),
  },
  handler: (context, { tag_ids, entity_types = entityTypes }) => {
    const views = entity_types.includes('tracker') ? visibleTrackers(context) : [];
    const tracker = views
      .filter((view) => carries(view.tracker, tag_ids))
      .map((view) => trackerBody(view.tracker, view.source, context.dates));
    return { result: { place: [], task: [], task_schedule: [], employee: [], vehicle: [], zone: [], tracker } };
  },
});

function carries(tracker: TrackerRow, tagIds: readonly number[]): boolean {
  return tagIds.every((id) => tracker.tagBindings.some((binding) => binding.tagId === id));
}

const maxOrdinal = 5;
const bindings = Type.Array(
  Type.Object({ tag_id: tagId, ordinal: Type.Integer({ minimum: 1, maximum: maxOrdinal }) }),
  { description: 'All tags of the tracker from now on; each id and each ordinal at most once' },
);

const setTags = defineCall({
  name: 'tracker/tags/set',
  summary: 'Replaces the tags of a tracker',
  params: Type.Object({ tracker_id: trackerId, tag_bindings: bindings }),
  response: {},
  rights: ['tracker_update'],
  errors: [13, 201, 208],
  examine: ({ tag_bindings = [] }) => [
    ...duplicates(
      'tag_id',
      tag_bindings.map(({ tag_id }) => tag_id),
    ),
    ...duplicates(
      'ordinal',
      tag_bindings.map(({ ordinal }) => ordinal),
    ),
  ],
  handler: async (context, params) => {
    const { store } = context.services;
    const wanted = params.tag_bindings;
    const isKnown = wanted.every(({ tag_id }) => ownTag(store.registry, context.user.accountId, tag_id) !== undefined);
    if (!isKnown) throw invalidParameters([{ parameter: 'tag_bindings', error: 'contains nonexistent tags' }]);
    const { tracker } = requireOpenTracker(context, params.tracker_id);
    const tagBindings = wanted.map(({ tag_id, ordinal }) => ({ tagId: tag_id, ordinal }));
    await store.change((tx) => tx.put('tracker', { ...tracker, tagBindings }));
    return {};
  },
});

function duplicates(key: string, values: readonly number[]): Violation[] {
  const isUnique = new Set(values).size === values.length;
  return isUnique ? [] : [{ parameter: 'tag_bindings', error: `${key} must be unique` }];
}

export const tagCalls = [list, create, update, remove, search, setTags] as const;

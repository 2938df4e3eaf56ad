import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Params, TestApi, type TestUser } from '../../../support/api.js';
import { codeOf, good, invalid, refusal, refused, shownIn } from './kit.js';

let api: TestApi;
let owner: TestUser;
let other: TestUser;
beforeEach(async () => {
  api = await TestApi.create();
  owner = await api.account();
  other = await api.account();
});
afterEach(() => api.server.close());

const call = (path: string, params: Params = {}, user = owner) => api.call(`/${path}`, { hash: user.hash, ...params });
const refuse = (path: string, params: Params, ...expected: Parameters<typeof refusal>) =>
  refused(api, `/${path}`, { hash: owner.hash, ...params }, refusal(...expected));
const fault = (path: string, params: Params, parameter: string, error: string) =>
  refused(api, `/${path}`, { hash: owner.hash, ...params }, invalid([parameter, error]));
const idOf = (body: Record<string, never>) => body.id as unknown as number;
const groupOf = async (tracker_id: number) => shownIn(await call('tracker/read', { tracker_id })).group_id;

describe('tracker/group', () => {
  const vans = { title: 'Vans', color: 'FF6DDC' };

  test('groups are made, listed, changed and deleted; their trackers stay', async () => {
    const id = idOf(good(await call('tracker/group/create', vans)));
    const { tracker } = await api.tracker(owner, { groupId: id });
    expect(good(await call('tracker/group/list')).list).toEqual([{ id, ...vans }]);
    expect(good(await call('tracker/group/list', {}, other)).list).toEqual([]);
    good(await call('tracker/group/update', { id, title: 'Lorries', color: '00aaff' }));
    expect(good(await call('tracker/group/list')).list).toEqual([{ id, title: 'Lorries', color: '00aaff' }]);
    expect((await call('tracker/group/delete', { id })).body).toEqual({ success: true });
    expect(await groupOf(tracker.id)).toBe(0);
    await refuse('tracker/group/delete', { id }, 201);
    expect(idOf(good(await call('tracker/group/create', vans)))).toBe(id + 1);
  });

  test('trackers are assigned, to none too, blocked or not', async () => {
    const id = idOf(good(await call('tracker/group/create', vans)));
    const first = await api.tracker(owner);
    const second = await api.tracker(owner);
    await api.changeSource(second.source, { blocked: true });
    const trackers = [first.tracker.id, second.tracker.id, first.tracker.id];
    for (const group of [id, 0]) {
      good(await call('tracker/group/assign', { id: group, trackers }));
      expect(await groupOf(first.tracker.id)).toBe(group);
      expect(await groupOf(second.tracker.id)).toBe(group);
    }
    good(await call('tracker/group/assign', { id, trackers: [] }));
  });

  test('refusals', async () => {
    const theirs = idOf(good(await call('tracker/group/create', vans, other)));
    const { tracker } = await api.tracker(owner);
    const foreign = await api.tracker(other);
    for (const id of [theirs, 0, 99]) {
      await refuse('tracker/group/update', { id, ...vans }, 201);
      await refuse('tracker/group/delete', { id }, 201);
    }
    for (const id of [theirs, 99]) await refuse('tracker/group/assign', { id, trackers: [99] }, 201);
    for (const id of [99, foreign.tracker.id]) {
      await refuse('tracker/group/assign', { id: 0, trackers: [tracker.id, id] }, 217);
    }
    const sub = await api.subUser(owner, { rights: ['tracker_update', 'tracker_configure', 'tracker_register'] });
    for (const action of ['create', 'update', 'delete', 'assign']) {
      expect(await call(`tracker/group/${action}`, {}, sub)).toEqual(refusal(13));
    }
    good(await call('tracker/group/list', {}, sub));
  });

  test.each([
    ['title', '', 'size must be between 1 and 60'],
    ['title', 'x'.repeat(61), 'size must be between 1 and 60'],
    ['title', ' ', 'must not be blank'],
    ['color', '#FF6DD', 'must match "^[0-9A-Fa-f]{6}$"'],
    ['color', 'FF6DD', 'must match "^[0-9A-Fa-f]{6}$"'],
    ['color', 'FF6DDC0', 'must match "^[0-9A-Fa-f]{6}$"'],
  ])('%s %j: %s', async (parameter, value, error) => {
    await fault('tracker/group/create', { ...vans, [parameter]: value }, parameter, error);
    await fault('tracker/group/update', { id: 1, ...vans, [parameter]: value }, parameter, error);
  });

  test('a title has 60 characters', async () => {
    good(await call('tracker/group/create', { ...vans, title: 'x'.repeat(60) }));
  });
});

describe('tag', () => {
  const cold = { name: 'cold', color: '00AAFF' };
  const createTag = async (tag: Params = cold, user = owner) => idOf(good(await call('tag/create', { tag }, user)));

  test('tags are made, listed, changed', async () => {
    const id = await createTag();
    const warm = await createTag({ name: 'Warm', color: 'FF0000' });
    expect(good(await call('tag/list')).list).toEqual([
      { id, ...cold },
      { id: warm, name: 'Warm', color: 'FF0000' },
    ]);
    expect(good(await call('tag/list', { filter: 'ARM' })).list).toHaveLength(1);
    expect(good(await call('tag/list', {}, other)).list).toEqual([]);
    good(await call('tag/update', { tag: { id, name: 'ice', color: '000000' } }));
    expect(good(await call('tag/list', { filter: 'ice' })).list).toEqual([{ id, name: 'ice', color: '000000' }]);
  });

  test('a filter has 3 to 60 characters', async () => {
    for (const filter of ['xxx', 'x'.repeat(60)]) good(await call('tag/list', { filter }));
    for (const filter of ['xx', 'x'.repeat(61)]) {
      await fault('tag/list', { filter }, 'filter', 'size must be between 3 and 60');
    }
  });

  test('deleted tags leave their trackers', async () => {
    const ids = [await createTag(), await createTag(), await createTag()];
    const theirs = await createTag(cold, other);
    const { tracker } = await api.tracker(owner);
    const tag_bindings = ids.map((tag_id, i) => ({ tag_id, ordinal: i + 1 }));
    good(await call('tracker/tags/set', { tracker_id: tracker.id, tag_bindings }));
    good(await call('tag/delete', { tag_id: ids[0] }));
    good(await call('tag/delete', { tag_ids: [ids[1], 99, theirs] }));
    expect(shownIn(await call('tracker/read', { tracker_id: tracker.id })).tag_bindings).toEqual([tag_bindings[2]]);
    expect(good(await call('tag/list', {}, other)).list).toHaveLength(1);
    for (const tag_id of [ids[0], theirs, 99]) await refuse('tag/delete', { tag_id }, 201);
    const words = 'exactly one of tag_id and tag_ids must be given';
    await fault('tag/delete', {}, 'tag_id', words);
    await fault('tag/delete', { tag_id: 1, tag_ids: [2] }, 'tag_id', words);
  });

  test('refusals', async () => {
    const theirs = await createTag(cold, other);
    for (const id of [theirs, 99]) await refuse('tag/update', { tag: { id, ...cold } }, 201);
    await fault('tag/create', {}, 'tag', 'must not be null');
    await fault('tag/create', { tag: { name: 'x' } }, 'tag', 'color must not be null');
    const sub = await api.subUser(owner, { rights: ['tracker_update'] });
    for (const action of ['create', 'update', 'delete']) {
      expect(await call(`tag/${action}`, { tag: cold }, sub)).toEqual(refusal(13));
    }
    const able = await api.subUser(owner, { rights: ['tag_update'] });
    await createTag(cold, able);
  });

  test('search finds trackers that carry all of the tags', async () => {
    const ids = [await createTag(), await createTag()];
    const both = await api.tracker(owner);
    const one = await api.tracker(owner);
    await call('tracker/tags/set', {
      tracker_id: both.tracker.id,
      tag_bindings: ids.map((tag_id, i) => ({ tag_id, ordinal: i + 1 })),
    });
    await call('tracker/tags/set', { tracker_id: one.tracker.id, tag_bindings: [{ tag_id: ids[0], ordinal: 5 }] });
    const none = { place: [], task: [], task_schedule: [], employee: [], vehicle: [], zone: [] };
    const shown = shownIn(await call('tracker/read', { tracker_id: both.tracker.id }));
    expect(good(await call('tag/search', { tag_ids: ids })).result).toEqual({ ...none, tracker: [shown] });
    expect(good(await call('tag/search', { tag_ids: [ids[0]] })).result).toMatchObject({ tracker: [{}, {}] });
    expect(good(await call('tag/search', { tag_ids: ids, entity_types: ['zone'] })).result).toMatchObject({
      tracker: [],
    });
    expect(codeOf(await call('tag/search', { tag_ids: [] }))).toBe(7);
    expect(codeOf(await call('tag/search', { tag_ids: ids, entity_types: ['car'] }))).toBe(7);
  });

  describe('tracker/tags/set', () => {
    test('replaces all', async () => {
      const ids = [await createTag(), await createTag()];
      const { tracker } = await api.tracker(owner);
      const set = (tag_bindings: unknown) => call('tracker/tags/set', { tracker_id: tracker.id, tag_bindings });
      for (const bindings of [[{ tag_id: ids[0], ordinal: 1 }], [{ tag_id: ids[1], ordinal: 5 }], []]) {
        expect((await set(bindings)).body).toEqual({ success: true });
        expect(shownIn(await call('tracker/read', { tracker_id: tracker.id })).tag_bindings).toEqual(bindings);
      }
      good(await set(JSON.stringify([{ tag_id: ids[0], ordinal: 2 }])));
    });

    test('refusals', async () => {
      const id = await createTag();
      const second = await createTag();
      const theirs = await createTag(cold, other);
      const { tracker, source } = await api.tracker(owner);
      const path = 'tracker/tags/set';
      const bad = (tag_bindings: unknown, error: string) =>
        fault(path, { tracker_id: tracker.id, tag_bindings }, 'tag_bindings', error);
      await bad([{ tag_id: id, ordinal: 0 }], 'ordinal must be greater than or equal to 1');
      await bad([{ tag_id: id, ordinal: 6 }], 'ordinal must be less than or equal to 5');
      await bad(
        [
          { tag_id: id, ordinal: 1 },
          { tag_id: id, ordinal: 2 },
        ],
        'tag_id must be unique',
      );
      await bad(
        [
          { tag_id: id, ordinal: 1 },
          { tag_id: second, ordinal: 1 },
        ],
        'ordinal must be unique',
      );
      for (const tag_id of [theirs, 99]) await bad([{ tag_id, ordinal: 1 }], 'contains nonexistent tags');
      await bad([5], 'must be an object');
      expect(codeOf(await call(path, { tracker_id: tracker.id, tag_bindings: '[{"tag_id: 1}]' }))).toBe(5);
      await refuse(path, { tracker_id: 99, tag_bindings: [] }, 201);
      await api.changeSource(source, { blocked: true });
      await refuse(path, { tracker_id: tracker.id, tag_bindings: [] }, 208);
      const sub = await api.subUser(owner, { rights: ['tag_update'] });
      expect(await call(path, { tracker_id: tracker.id, tag_bindings: [] }, sub)).toEqual(refusal(13));
    });
  });
});

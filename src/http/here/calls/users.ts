/**
 * Users: logging in, prolonging tokens, exchanging one for a token of a single project, and listing the devices of a project.
 * Source: HERE Tracking, Users API 2.6.
 */
import { createHash } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import {
  issueScopedToken,
  issueUserTokens,
  refreshable,
  type UserTokens,
  userTokenLifetimeMs,
} from '../../../store/claims/tokens.js';
import type { UserRow } from '../../../store/rows.js';
import { answer, defineCall } from '../call.js';
import { forbidden, HereError, notFound, unauthorized } from '../errors.js';
import { holderOfBearer, requireOpen } from '../identity.js';
import { pageOf } from '../pages.js';
import { name, optionalProjectId, pageProperties } from '../params.js';
import { projectByHrn, projectsOf, requireProject } from '../projects.js';
import { desiredBody, reportedBody } from '../shadow.js';

const text = (description: string) => Type.String({ minLength: 1, description });
const defaultRealm = 'IoT';

const tokensSchema = Type.Object({
  accessToken: Type.String(),
  refreshToken: Type.String(),
  expiresIn: Type.Integer({ description: 's' }),
  userId: Type.String(),
  realm: Type.String(),
  tokenType: Type.String(),
});

function tokensBody(tokens: UserTokens, user: UserRow, realm: string) {
  const { accessToken, refreshToken } = tokens;
  const expiresIn = userTokenLifetimeMs / 1000;
  return { accessToken, refreshToken, expiresIn, userId: userIdOf(user), realm, tokenType: 'Bearer' };
}

/** `HERE-` and a UUID of version 4 that is always the same for a user. */
function userIdOf({ id }: UserRow): string {
  const digest = createHash('sha256').update(`user ${id}`).digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x40;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const parts = /^(.{8})(.{4})(.{4})(.{4})(.{12})/.exec(digest.toString('hex'))?.slice(1) ?? [];
  return `HERE-${parts.join('-')}`;
}

const login = defineCall({
  method: 'POST',
  paths: ['/users/v2/login'],
  summary: 'Logs a user in: e-mail and password become tokens',
  body: Type.Object({
    email: text('Login of an account or of a sub-user'),
    password: text('Password'),
    realm: Type.Optional(text('Answered as it is')),
  }),
  answers: { 200: tokensSchema },
  errors: [401, 403, 429],
  handler: async ({ services, request }, { body }) => {
    const { store, logins } = services;
    const known = store.registry.userByLogin(body.email);
    const result = await logins.check(body.email, request.ip, body.password, known?.password);
    if (result === 'throttled') throw new HereError(429, 'Too many wrong passwords.', { 'retry-after': '300' });
    if (result === 'wrong' || known === undefined) throw unauthorized('Wrong e-mail or password.');
    const realm = body.realm ?? defaultRealm;
    const tokens = await store.change((tx) => {
      const user = tx.registry.get('user', known.id) ?? known;
      requireOpen(tx.registry, user);
      return issueUserTokens(tx, user, realm);
    });
    return answer(200, tokensBody(tokens, known, realm));
  },
});

const refresh = defineCall({
  method: 'POST',
  paths: ['/users/v2/refresh'],
  summary: 'Other tokens for those of a login, which are void then',
  body: Type.Object({ accessToken: text('Access token; it may have ended'), refreshToken: text('Refresh token') }),
  answers: { 200: tokensSchema },
  errors: [401, 403],
  handler: async ({ services: { store }, now }, { body }) => {
    const made = await store.change((tx) => {
      const found = refreshable(tx.registry, body, now);
      if (found === undefined) throw unauthorized('The tokens cannot be refreshed.');
      requireOpen(tx.registry, found.user);
      tx.remove('token', found.row.id);
      const realm = found.row.realm ?? defaultRealm;
      return tokensBody(issueUserTokens(tx, found.user, realm), found.user, realm);
    });
    return answer(200, made);
  },
});

const hrnPattern = '^hrn:here[^:]*:authorization:[^:]*:[^:]*:project/.+$';

const exchange = defineCall({
  method: 'POST',
  paths: ['/users/v2/tokenExchange'],
  summary: 'A token of a user for one project',
  body: Type.Object({
    accessToken: text("The user's access token"),
    scope: Type.String({ pattern: hrnPattern, description: 'HRN of the project' }),
  }),
  answers: {
    200: Type.Object({
      accessToken: Type.String(),
      tokenType: Type.String(),
      expiresIn: Type.Integer({ description: 's' }),
      scope: Type.String(),
      issuedTokenType: Type.String(),
    }),
  },
  errors: [401, 403, 404],
  handler: async ({ services, now }, { body }) => {
    const { store } = services;
    const holder = holderOfBearer(services, body.accessToken, now);
    if (holder.kind !== 'user') throw forbidden('Only the token of a user can be exchanged.');
    const expiresAt = holder.row.expiresAt;
    const accessToken = await store.change((tx) => {
      const project = projectByHrn(tx.registry, body.scope);
      const isMember = projectsOf({ services, holder }).some(({ id }) => id === project?.id);
      if (project === undefined || !isMember) throw notFound('There is no such project.');
      return issueScopedToken(tx, holder.user, project, expiresAt);
    });
    return answer(200, {
      ...{ accessToken, tokenType: 'Bearer', expiresIn: Math.floor((expiresAt - now) / 1000), scope: body.scope },
      issuedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
    });
  },
});

const devices = defineCall({
  method: 'GET',
  paths: ['/users/v2/devices'],
  summary: 'Devices that the project has claimed, in the order in which that was done',
  holders: ['user', 'client'],
  query: Type.Object({ projectId: optionalProjectId, ...pageProperties }),
  answers: {
    200: Type.Object({
      count: Type.Integer(),
      data: Type.Array(
        Type.Object({
          trackingId: name('Tracking id'),
          externalId: Type.Optional(name('External id of a virtual device')),
          appId: Type.Optional(Type.String()),
          shadow: Type.Object({ reported: Type.Unknown(), desired: Type.Unknown() }),
        }),
      ),
      pageToken: Type.Optional(Type.String()),
    }),
  },
  errors: [403],
  handler: (context, { query }) => {
    const project = requireProject(context, query);
    const { registry } = context.services.store;
    const page = pageOf(
      registry.claims.openClaimsOf(project.id),
      ({ claimedAt, id }) => ({ at: claimedAt, id }),
      query,
    );
    const data = page.items.map((claim) => {
      const { externalId, appId } = registry.get('deviceLicence', claim.deviceId) ?? {};
      const shadow = { reported: reportedBody(context.services, claim), desired: desiredBody(registry, claim) };
      return { trackingId: claim.id, ...(externalId === undefined ? {} : { externalId, appId }), shadow };
    });
    return answer(200, { count: data.length, data, pageToken: page.pageToken });
  },
});

export const userCalls = [login, refresh, exchange, devices];

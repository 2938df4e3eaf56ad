/**
 * Login and password become a user, wherever they are given.
 */
import type { UserRow } from '../../store/rows.js';
import type { PublicContext } from './call.js';
import { NavixyError } from './errors.js';

/** Throws codes 102 (wrong), 105 (too many wrong ones) and 275 (blocked). */
export async function requireUser(context: PublicContext, login: string, password: string): Promise<UserRow> {
  const { registry } = context.services.store;
  const user = registry.userByLogin(login);
  const result = await context.services.logins.check(login, context.remoteAddress, password, user?.password);
  if (result === 'throttled') throw new NavixyError(105);
  if (result === 'wrong' || user === undefined) throw new NavixyError(102);
  if (user.blocked || registry.get('account', user.accountId)?.blocked === true) throw new NavixyError(275);
  return user;
}

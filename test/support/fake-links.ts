/**
 * Links to units that only note what they are sent: a test answers each command itself, or lets the link break.
 */
import type { Command, CommandReply } from '../../src/domain/command.js';
import type { LinkListener, UnitLink, UnitLinks } from '../../src/downlink/unit-link.js';
import { CommandError, type ErrorCode } from '../../src/errors.js';

interface Pending {
  readonly resolve: (reply: CommandReply) => void;
  readonly reject: (error: CommandError) => void;
}

export class FakeLink implements UnitLink {
  readonly sent: Command[] = [];
  readonly #pending: Pending[] = [];

  send(command: Command): Promise<CommandReply> {
    this.sent.push(command);
    return new Promise((resolve, reject) => this.#pending.push({ resolve, reject }));
  }

  /** Answers the oldest command that waits. */
  answer(text: string, ok = true): void {
    this.#pending.shift()?.resolve({ text, ok });
  }

  fail(code: ErrorCode): void {
    this.#pending.shift()?.reject(new CommandError(code));
  }
}

export class FakeLinks implements UnitLinks {
  readonly #links = new Map<number, FakeLink>();
  listener: LinkListener | undefined;

  linkOf(sourceId: number): FakeLink | undefined {
    return this.#links.get(sourceId);
  }

  /** A unit logs in; `ready` says whether it looks at waiting commands at once. */
  connect(sourceId: number, ready = true): FakeLink {
    const link = new FakeLink();
    this.#links.set(sourceId, link);
    this.listener?.linked(sourceId, link);
    if (ready) this.listener?.ready(sourceId, link);
    return link;
  }

  disconnect(sourceId: number): void {
    const link = this.#links.get(sourceId);
    if (link === undefined) return;
    this.#links.delete(sourceId);
    link.fail('unit_offline');
    this.listener?.unlinked(sourceId, link);
  }
}

/**
 * Figures of the state topic, counted since the start.
 */
import type { CutReason, Refusal } from './limits.js';

export class StateTopicFigures {
  /** Messages handed to clients. */
  sentMessages = 0;
  readonly refused = new Map<Refusal, number>();
  readonly cut = new Map<CutReason, number>();

  refuse(reason: Refusal): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }

  end(reason: CutReason): void {
    this.cut.set(reason, (this.cut.get(reason) ?? 0) + 1);
  }
}

/** How far ahead an instant is set for which many contracts or timers are prepared, so that the preparation ends before it. */

const LEAD_MS_MIN = 10_000;
const MARGIN = 1.5;

export interface LeadTime {
  /** The time in ms to prepare so many. */
  of(prepared: number): number;
  /** Records how long it took to prepare so many. The next time follows from it. */
  measured(prepared: number, elapsed_ms: number): void;
  /** The instant came before the preparation ended: the next time is twice as long. */
  tooShort(): void;
}

/** Call `measured` once before `of`, with similar work. */
export function createLeadTime(): LeadTime {
  let ms_each = 0;
  return {
    of: (prepared) => Math.ceil(LEAD_MS_MIN + MARGIN * prepared * ms_each),
    measured(prepared, elapsed_ms) {
      ms_each = elapsed_ms / prepared;
    },
    tooShort() {
      ms_each *= 2;
    },
  };
}

/**
 * Shows the progress of a job: a bar on a terminal, else a line for each 10 %.
 */
import { Presets, SingleBar } from 'cli-progress';

/** The output of a scenario. `isTTY` is true for a terminal. */
export type ScenarioOutput = NodeJS.WritableStream & { isTTY?: boolean | undefined };

/** Shows how many licenses of a job exist. */
export interface ProgressDisplay {
  /** Shows the number of generated licenses. It never decreases. */
  show(completed: number): void;
  /** Ends the display. The last state stays on the screen. */
  end(): void;
}

const BAR_COLUMNS = 40;

/** Starts the display for a job of `total` licenses. */
export function startProgress(out: ScenarioOutput, total: number): ProgressDisplay {
  return out.isTTY ? startBar(out, total) : startLines(out, total);
}

function startBar(out: ScenarioOutput, total: number): ProgressDisplay {
  const bar = new SingleBar(
    { stream: out, barsize: BAR_COLUMNS, format: '   {bar} {percentage} % · {value} of {total}', hideCursor: true },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { show: (completed) => bar.update(completed), end: () => bar.stop() };
}

function startLines(out: ScenarioOutput, total: number): ProgressDisplay {
  let shown = -1;
  return {
    show(completed) {
      const tenth = Math.floor((10 * completed) / total);
      if (tenth <= shown) return;
      shown = tenth;
      out.write(`   ${tenth * 10} % · ${completed} of ${total}\n`);
    },
    end: () => undefined,
  };
}

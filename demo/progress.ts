/**
 * The progress of a job for people to watch: a bar on a terminal, a line for each new tenth elsewhere.
 */
import { Presets, SingleBar } from 'cli-progress';

/** Where the story is told. A terminal says so by `isTTY`. */
export type ScenarioOutput = NodeJS.WritableStream & { isTTY?: boolean | undefined };

/** Shows how much of a job is done. */
export interface ProgressDisplay {
  /** Licenses made so far; never less than before. */
  show(completed: number): void;
  /** Leaves the last state on the screen. */
  end(): void;
}

const BAR_COLUMNS = 40;

/** Starts to show the progress of `total` licenses. */
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

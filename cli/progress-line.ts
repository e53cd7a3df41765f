/** Shows the progress of a command on standard error: one line that changes on a terminal, else a line for each 10 %. */

export interface ProgressLine {
  /** Shows how much is done. */
  show: (done: number) => void;
  /** Shows a sentence, once. */
  say: (sentence: string) => void;
  end: () => void;
}

/** Clears the line of a terminal from the cursor on. */
const CLEAR_LINE = '\r\u001b[K';

/** Starts the display of a work of `total` parts. `describe` says how much is done. */
export function startProgress(describe: (done: number) => string, total: number): ProgressLine {
  const { stderr } = process;
  const steps = stderr.isTTY ? 100 : 10;
  const said = new Set<string>();
  let shown = -1;
  let shown_text = '';
  return {
    show(done) {
      const step = total === 0 ? steps : Math.floor((steps * done) / total);
      if (step <= shown) return;
      shown = step;
      const text = describe(done);
      if (text === shown_text) return;
      shown_text = text;
      stderr.write(stderr.isTTY ? `${CLEAR_LINE}${text}` : `${text}\n`);
    },
    say(sentence) {
      if (said.has(sentence)) return;
      said.add(sentence);
      stderr.write(stderr.isTTY ? `${CLEAR_LINE}${sentence}\n` : `${sentence}\n`);
    },
    end() {
      if (stderr.isTTY && shown >= 0) stderr.write('\n');
    },
  };
}

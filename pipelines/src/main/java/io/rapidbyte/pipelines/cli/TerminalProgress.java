// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.run.ProgressListener;
import io.rapidbyte.pipelines.run.RunProgress;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress on a terminal: one bar over the rows of all streams, and beside it what each stream is at. */
final class TerminalProgress implements ProgressListener {
    private final Console console;
    private String step = "";
    private ProgressBar bar;

    TerminalProgress(Console console) {
        this.console = console;
    }

    @Override
    public void step(String what) {
        clear();
        step = what + " ...";
        console.err().print(step);
        console.err().flush();
    }

    @Override
    public void update(RunProgress progress) {
        if (bar == null) {
            clear();
            bar = new ProgressBarBuilder()
                    .setTaskName("copying")
                    .setUnit(" rows", 1)
                    .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                    .setUpdateIntervalMillis(200)
                    .clearDisplayOnFinish()
                    // With the width given it does not ask the terminal through native code.
                    .setConsumer(new ConsoleProgressBarConsumer(console.err(), console.width() - 1))
                    .build();
        }
        double seconds = progress.elapsed().toNanos() / 1e9;
        bar.maxHint(progress.estimatedRows());
        bar.stepTo(progress.rowsWritten());
        bar.setExtraMessage(" %s rows/s, %s MB/s  %s"
                .formatted(
                        Numbers.perSecond(progress.rowsWritten(), seconds),
                        Numbers.megabytesPerSecond(progress.bytesWritten(), seconds),
                        LineProgress.streams(progress)));
    }

    @Override
    public void done() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
        clear();
    }

    /** Blanks the line of the last step. */
    private void clear() {
        if (!step.isEmpty()) {
            console.err().print("\r" + " ".repeat(step.length()) + "\r");
            console.err().flush();
            step = "";
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.run.ProgressListener;
import io.rapidbyte.pipelines.run.RunProgress;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress on a terminal: one bar over the rows of all streams, and beside it what each stream is at. */
final class TerminalProgress implements ProgressListener {
    /** Columns of the bar with its percentage, rows and times. */
    private static final int BAR_WIDTH = 75;

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
        bar.setExtraMessage(beside(progress, seconds));
    }

    /** What stands beside the bar: as much as leaves the bar room to be read. */
    private String beside(RunProgress progress, double seconds) {
        String rate = " %s rows/s, %s MB/s"
                .formatted(
                        Numbers.perSecond(progress.rowsWritten(), seconds),
                        Numbers.megabytesPerSecond(progress.bytesWritten(), seconds));
        String streams = progress.streams().stream()
                .filter(stream -> stream.rowsRead() > 0 && stream.rowsWritten() < stream.estimatedRows())
                .map(stream -> stream.name() + " " + 100 * stream.rowsWritten() / stream.estimatedRows() + " %")
                .collect(Collectors.joining(", ", "  ", ""));
        int room = console.width() - BAR_WIDTH - rate.length();
        return streams.length() <= room ? rate + streams : rate;
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

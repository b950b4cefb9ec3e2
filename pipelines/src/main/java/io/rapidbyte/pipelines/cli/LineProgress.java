// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.run.ProgressListener;
import io.rapidbyte.pipelines.run.RunProgress;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Progress where a line cannot be drawn over: a line every few seconds. */
final class LineProgress implements ProgressListener {
    private static final Duration DISTANCE = Duration.ofSeconds(2);

    private final PrintStream err;
    private Duration next = DISTANCE;

    LineProgress(PrintStream err) {
        this.err = err;
    }

    @Override
    public void step(String what) {
        err.println(Character.toUpperCase(what.charAt(0)) + what.substring(1) + " ...");
    }

    @Override
    public void update(RunProgress progress) {
        if (progress.elapsed().compareTo(next) >= 0) {
            next = progress.elapsed().plus(DISTANCE);
            err.println(line(progress));
        }
    }

    @Override
    public void done() {
        // Nothing is left on the screen that would have to give way.
    }

    private static String line(RunProgress progress) {
        double seconds = progress.elapsed().toNanos() / 1e9;
        return "%6.1f s  %s rows, %s MB, %s rows/s, %s MB/s  [%s]"
                .formatted(
                        seconds,
                        Numbers.count(progress.rowsWritten()),
                        Numbers.megabytes(progress.bytesWritten()),
                        Numbers.perSecond(progress.rowsWritten(), seconds),
                        Numbers.megabytesPerSecond(progress.bytesWritten(), seconds),
                        streams(progress));
    }

    /** What each stream that has begun is at: {@code orders 30,000, events 62 %}. */
    static String streams(RunProgress progress) {
        List<String> moving = new ArrayList<>();
        for (RunProgress.Stream stream : progress.streams()) {
            if (stream.rowsRead() == 0 && stream.rowsWritten() == 0) {
                continue;
            }
            moving.add(stream.name() + " "
                    + (stream.estimatedRows() > 0
                            ? Math.min(100, 100 * stream.rowsWritten() / stream.estimatedRows()) + " %"
                            : Numbers.count(stream.rowsWritten())));
        }
        return moving.isEmpty() ? "nothing committed yet" : String.join(", ", moving);
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.run.ProgressListener;
import io.rapidbyte.pipelines.run.RunProgress;
import io.rapidbyte.pipelines.run.RunProgress.Status;
import java.io.PrintStream;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Progress where a line cannot be drawn over: a line every few seconds, less often the longer it takes, and one for each stream that is over. */
final class LineProgress implements ProgressListener {
    private static final Duration DISTANCE = Duration.ofSeconds(2);
    private static final Duration LONGEST_DISTANCE = Duration.ofSeconds(30);
    /** Of a run that took a minute, a line every three seconds. */
    private static final int LINES_OF_A_RUN = 20;

    private final PrintStream err;
    private final Pace pace = new Pace();
    private final Set<String> over = new HashSet<>();
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
        pace.look(progress);
        List<Pace.Figures> streams = pace.streams(progress);
        for (Pace.Figures stream : streams) {
            boolean ended = stream.status() == Status.DONE || stream.status() == Status.FAILED;
            if (ended && over.add(stream.name())) {
                err.println(at(progress) + stream.name() + ": " + end(stream));
            }
        }
        if (progress.elapsed().compareTo(next) >= 0) {
            Duration distance = progress.elapsed().dividedBy(LINES_OF_A_RUN);
            distance = distance.compareTo(DISTANCE) < 0 ? DISTANCE : distance;
            next = progress.elapsed().plus(distance.compareTo(LONGEST_DISTANCE) > 0 ? LONGEST_DISTANCE : distance);
            err.println(at(progress) + line(streams, pace.all(progress)));
        }
    }

    @Override
    public void note(String line) {
        err.println(Numbers.printable(line));
    }

    @Override
    public void done() {
        // Nothing is left on the screen that would have to give way.
    }

    private static String at(RunProgress progress) {
        return "%6s s  ".formatted(Numbers.tenths(progress.elapsed().toMillis() / 1e3));
    }

    private static String end(Pace.Figures stream) {
        return "%s, %s rows, %s MB in %s s"
                .formatted(
                        stream.status() == Status.DONE ? "done" : "failed",
                        Numbers.count(stream.rows()),
                        Numbers.megabytes(stream.bytes()),
                        Numbers.tenths(stream.seconds()));
    }

    private static String line(List<Pace.Figures> streams, Pace.Figures all) {
        String figures = Stream.of(
                        all.percent(),
                        Numbers.count(all.rows()) + " rows",
                        Numbers.megabytes(all.bytes()) + " MB",
                        Numbers.perSecond(all.rows(), all.seconds()) + " rows/s",
                        Numbers.megabytesPerSecond(all.bytes(), all.seconds()) + " MB/s",
                        all.left())
                .filter(figure -> !figure.isEmpty())
                .collect(Collectors.joining(", "));
        return figures + "  [" + moving(streams) + "]";
    }

    /** What each stream that moves is at: {@code orders 30,000, events 62 %}. */
    private static String moving(List<Pace.Figures> streams) {
        String moving = streams.stream()
                .filter(stream -> stream.status() == Status.MOVING || stream.status() == Status.RETRYING)
                .map(stream -> stream.name() + " "
                        + (stream.status() == Status.RETRYING
                                ? "to be retried"
                                : stream.isSizeKnown() ? stream.percent() : Numbers.count(stream.rows())))
                .collect(Collectors.joining(", "));
        return moving.isEmpty() ? "nothing moves" : moving;
    }
}

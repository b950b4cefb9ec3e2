// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;

import io.rapidbyte.pipelines.run.RunProgress;
import io.rapidbyte.pipelines.run.RunProgress.Status;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineProgressTest {
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final LineProgress progress = new LineProgress(new PrintStream(written, true, StandardCharsets.UTF_8));

    @Test
    void aLineComesEveryTwoSeconds() {
        for (int tenth = 0; tenth <= 50; tenth++) {
            update(tenth / 10.0, orders(Status.MOVING, tenth * 10_000), events(Status.MOVING, tenth * 100));
        }

        assertThat(
                lines(),
                contains(
                        "   2.0 s  202,000 rows, 20.2 MB, 101,000 rows/s, 10.1 MB/s  [orders 20 %, events 2,000]",
                        "   4.0 s  404,000 rows, 40.4 MB, 101,000 rows/s, 10.1 MB/s  [orders 40 %, events 4,000]"));
    }

    @Test
    void whereEverySizeIsKnownTheLineSaysHowLongItTakes() {
        update(0, orders(Status.MOVING, 0));
        update(3, orders(Status.MOVING, 250_000));

        assertThat(
                lines(),
                contains("   3.0 s  25 %, 250,000 rows, 25.0 MB, 83,333 rows/s, 8.33 MB/s, 0:09 left  [orders 25 %]"));
    }

    @Test
    void aStreamThatIsOverHasALine() {
        update(0.1, orders(Status.MOVING, 0), events(Status.WAITING, 0));
        update(1.2, orders(Status.DONE, 1_000_000), events(Status.MOVING, 5));
        update(1.3, orders(Status.DONE, 1_000_000), events(Status.FAILED, 5));

        assertThat(
                lines(),
                contains(
                        "   1.2 s  orders: done, 1,000,000 rows, 100.0 MB in 1.2 s",
                        "   1.3 s  events: failed, 5 rows, 0.00 MB in 1.2 s"));
    }

    @Test
    void stepsAndNotesAreLines() {
        progress.step("checking source-postgres and dest-postgres");
        progress.note("orders: dest-postgres lost its connection; trying again in 1.4 s (1 of 3)");
        progress.done();

        assertThat(
                lines(),
                contains(
                        "Checking source-postgres and dest-postgres ...",
                        "orders: dest-postgres lost its connection; trying again in 1.4 s (1 of 3)"));
    }

    @Test
    void aStreamThatWaitsForItsNextAttemptSaysSo() {
        update(3, orders(Status.RETRYING, 250_000));

        assertThat(lines().get(0).endsWith("[orders to be retried]"), is(true));
    }

    @Test
    void theLongerARunTakesTheFewerLinesItHas() {
        for (int second = 0; second <= 3600; second++) {
            update(second, orders(Status.MOVING, second));
        }

        assertThat(lines().size(), is(lessThan(200)));
    }

    @Test
    void aQuickRunHasNoLines() {
        update(0, orders(Status.MOVING, 0));
        update(1, orders(Status.MOVING, 1_000_000));

        assertThat(lines(), hasSize(0));
    }

    private void update(double seconds, RunProgress.Stream... streams) {
        progress.update(new RunProgress(Duration.ofMillis(Math.round(1000 * seconds)), List.of(streams)));
    }

    private static RunProgress.Stream orders(Status status, long rows) {
        return new RunProgress.Stream("orders", status, 1, 1_000_000, -1, rows, rows, 100 * rows);
    }

    private static RunProgress.Stream events(Status status, long rows) {
        return new RunProgress.Stream("events", status, 1, -1, -1, rows, rows, 100 * rows);
    }

    private List<String> lines() {
        return written.toString(StandardCharsets.UTF_8).lines().toList();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasLength;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import io.rapidbyte.pipelines.run.RunProgress;
import io.rapidbyte.pipelines.run.RunProgress.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.hamcrest.Matcher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class TerminalProgressTest {
    private static final RunProgress.Stream ORDERS =
            new RunProgress.Stream("orders", Status.MOVING, 1, 1_000_000, -1, 750_000, 500_000, 52_000_000);
    private static final RunProgress.Stream EVENTS =
            new RunProgress.Stream("events", Status.MOVING, 1, -1, -1, 9_000, 4_000, 1_250_000);
    private static final RunProgress.Stream PRODUCTS =
            new RunProgress.Stream("products", Status.DONE, 1, 90, -1, 100, 100, 40_000);
    private static final RunProgress.Stream CUSTOMERS =
            new RunProgress.Stream("customers", Status.WAITING, 0, 5_000, -1, 0, 0, 0);

    private final Window window = new Window(120, 24);

    /** A terminal, and the progress drawn on it. */
    private static final class Window {
        private final TerminalScreen screen;
        private final Terminal terminal;
        private final TerminalProgress progress;
        private Terminal.Size size;

        Window(int columns, int rows) {
            screen = new TerminalScreen(columns, rows);
            size = new Terminal.Size(columns, rows);
            terminal = Terminal.on(screen, () -> size);
            progress = new TerminalProgress(terminal);
        }

        void update(double seconds, RunProgress.Stream... streams) {
            progress.update(new RunProgress(Duration.ofMillis((long) (1000 * seconds)), List.of(streams)));
        }
    }

    @Test
    void eachStreamHasALineAndAllTogetherHaveOne() {
        window.update(0, CUSTOMERS);
        window.update(5, ORDERS, EVENTS, PRODUCTS, CUSTOMERS);

        assertThat(
                window.screen.lines(),
                contains(
                        "orders     ███████████████▒▒▒▒▒▒▒░░░░░░░░   50 %  500,000 rows  52.0 MB  100,000 rows/s  10.4 MB/s  0:05 left",
                        "events     ░▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░           4,000 rows  1.25 MB      800 rows/s  0.25 MB/s",
                        "products   done                            100 %      100 rows  0.04 MB       20 rows/s  0.01 MB/s",
                        "customers  waiting",
                        "all        ░▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░         504,100 rows  53.3 MB  100,820 rows/s  10.7 MB/s"));
    }

    @Test
    void aLineIsDrawnOverItsFormerSelf() {
        window.update(0, ORDERS, CUSTOMERS);
        window.update(5, ORDERS, CUSTOMERS);
        window.update(10, PRODUCTS, CUSTOMERS);

        assertThat(window.screen.lines(), is(hasLines(3)));
        assertThat(window.screen.lines().get(0), startsWith("products "));
    }

    @Test
    void nothingIsLeftWhenItIsOver() {
        window.terminal.println("before");
        window.progress.step("checking source-postgres and dest-postgres");
        window.update(0, ORDERS, CUSTOMERS);
        window.update(5, ORDERS, EVENTS, PRODUCTS, CUSTOMERS);
        window.update(6, ORDERS);
        window.progress.done();
        window.terminal.println("after");

        assertThat(window.screen.lines(), contains("before", "after"));
    }

    @Test
    void stepsTakeEachOthersPlace() {
        window.progress.step("checking source-postgres and dest-postgres");
        assertThat(window.screen.lines(), contains("checking source-postgres and dest-postgres ..."));

        window.progress.step("starting");
        assertThat(window.screen.lines(), contains("starting ..."));

        window.progress.done();
        assertThat(window.screen.lines(), is(empty()));
    }

    @Test
    void whatOthersPrintStandsAboveAndStays() {
        window.update(0, ORDERS, EVENTS);
        window.progress.note("orders: dest-postgres lost its connection; trying again in 1.4 s (1 of 3)");
        window.update(1, ORDERS, EVENTS);
        window.terminal.print("half a ");
        window.update(2, ORDERS, EVENTS);
        window.terminal.println("line");
        window.terminal.println("x".repeat(250));
        window.update(3, ORDERS, EVENTS);

        assertThat(
                window.screen.lines().subList(0, 5),
                contains(
                        "orders: dest-postgres lost its connection; trying again in 1.4 s (1 of 3)",
                        "half a line",
                        "x".repeat(120),
                        "x".repeat(120),
                        "x".repeat(10)));
        assertThat(window.screen.lines(), is(hasLines(8)));
        assertThat(window.screen.lines().get(5), startsWith("orders "));

        window.progress.done();
        assertThat(window.screen.lines(), is(hasLines(5)));
    }

    @Test
    void aLineAsWideAsTheTerminalKeepsItsLastCharacter() {
        window.update(0, ORDERS, EVENTS);
        window.terminal.println("y".repeat(120));
        window.update(1, ORDERS, EVENTS);

        assertThat(window.screen.lines().get(0), is("y".repeat(120)));
    }

    @Test
    void whatNobodyEndedIsNotLost() {
        window.update(0, ORDERS);
        window.terminal.print("no end");
        window.progress.done();

        assertThat(window.screen.lines(), contains("no end"));
    }

    @Test
    void itBeginsOnALineOfItsOwn() {
        window.terminal.print("no end");
        window.progress.step("starting");

        assertThat(window.screen.lines(), contains("no end", "starting ..."));
    }

    @Test
    void logLinesDoNotTearIt() {
        Logging.configure(Verbosity.VERBOSE, window.terminal);
        window.update(0, ORDERS, EVENTS);
        LoggerFactory.getLogger("rapidbyte.guest").info("a connector says something");
        window.update(1, ORDERS, EVENTS);

        assertThat(window.screen.lines().get(0), is("INFO  guest: a connector says something"));
        assertThat(window.screen.lines(), is(hasLines(4)));
    }

    @Test
    void itScrollsWithTheScreen() {
        Window low = new Window(120, 8);
        for (int second = 0; second < 20; second++) {
            low.terminal.println("line " + second);
            low.update(second, ORDERS, EVENTS, PRODUCTS);
        }
        low.progress.done();

        assertThat(low.screen.lines(), is(hasLines(20)));
        assertThat(low.screen.lines(), everyItem(startsWith("line ")));
    }

    @Test
    void itIsDrawnFiveTimesASecondAtMostAndInOnePiece() {
        window.update(0, ORDERS);
        int frames = window.screen.frames();
        for (int millis = 10; millis <= 1000; millis += 10) {
            window.update(millis / 1000.0, ORDERS);
        }

        assertThat(window.screen.frames() - frames, is(5));
    }

    @Test
    void whatDoesNotFitIsLeftOutFromTheLeastImportant() {
        assertThat(line(100, ORDERS), allOf(containsString("rows/s"), containsString("0:05 left")));
        assertThat(line(70, ORDERS), allOf(not(containsString("MB")), containsString("rows/s")));
        assertThat(line(50, ORDERS), allOf(not(containsString("rows/s")), containsString("500,000 rows")));
        assertThat(line(30, ORDERS), allOf(containsString("orders"), containsString("50 %")));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 10, 20, 40, 60, 80, 120, 200})
    void noLineIsAsWideAsTheTerminal(int columns) {
        RunProgress.Stream longName = new RunProgress.Stream(
                "a schema with a long name.and a table that has one, too", Status.RETRYING, 2, 10, -1, 0, 0, 0);
        RunProgress.Stream wideName = new RunProgress.Stream("注文".repeat(40), Status.MOVING, 1, 10, -1, 5, 5, 1 << 30);
        List<String> lines = lines(columns, 24, ORDERS, EVENTS, PRODUCTS, CUSTOMERS, longName, wideName);

        for (String line : lines) {
            assertThat(line, TextTable.width(line), is(lessThan(columns)));
        }
    }

    @Test
    void aWindowThatBecomesNarrowerLeavesNothingBehind() {
        Window narrow = new Window(60, 24);
        narrow.size = new Terminal.Size(120, 24);
        narrow.terminal.println("before");
        // Drawn for 120 columns, shown by a terminal that breaks lines at 60.
        narrow.update(0, ORDERS, EVENTS);
        narrow.size = new Terminal.Size(60, 24);
        narrow.update(6, ORDERS, EVENTS);

        assertThat(narrow.screen.lines(), is(hasLines(4)));
        narrow.progress.done();
        assertThat(narrow.screen.lines(), contains("before"));
    }

    @Test
    void ofManyStreamsThoseThatMoveAreShown() {
        List<RunProgress.Stream> streams = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            Status status = i < 10 ? Status.DONE : i < 13 ? Status.MOVING : i == 13 ? Status.FAILED : Status.WAITING;
            streams.add(new RunProgress.Stream("t" + i, status, 1, 100, -1, 50, 50, 5_000));
        }

        List<String> lines = lines(100, 10, streams.toArray(RunProgress.Stream[]::new));

        assertThat(lines.size(), is(lessThanOrEqualTo(9)));
        assertThat(
                lines.stream().map(line -> line.split(" ")[0]).toList(),
                contains("t0", "t1", "t10", "t11", "t12", "t13", "and", "all"));
        assertThat(lines, hasItem("and 34 more: 26 waiting, 8 done"));
    }

    @Test
    void aStreamThatIsTriedAgainSaysSo() {
        RunProgress.Stream retrying =
                new RunProgress.Stream("orders", Status.RETRYING, 1, 1_000_000, -1, 750_000, 500_000, 52_000_000);

        assertThat(line(120, retrying), allOf(containsString("to be retried"), not(containsString("rows/s"))));
    }

    @Test
    void anAttemptHasAPaceOfItsOwn() {
        window.update(0, ORDERS);
        window.update(90, ORDERS);
        RunProgress.Stream again =
                new RunProgress.Stream("orders", Status.MOVING, 2, 1_000_000, -1, 100_000, 100_000, 10_000_000);
        window.update(92, again);

        assertThat(window.screen.lines().get(0), containsString("50,000 rows/s"));
        assertThat(window.screen.lines().get(0), containsString("0:18 left"));
    }

    @Test
    void anEstimateThatIsTooLowIsNeverAllOfAStream() {
        RunProgress.Stream more =
                new RunProgress.Stream("orders", Status.MOVING, 1, 1_000, -1, 750_000, 500_000, 52_000_000);

        assertThat(line(120, more), allOf(containsString("99 %"), not(containsString("left"))));
    }

    @Test
    void namesAndNotesCannotMoveTheCursor() {
        RunProgress.Stream odd = new RunProgress.Stream("a\u001b[2Jb\nc", Status.MOVING, 1, -1, -1, 1, 1, 1);
        window.update(0, odd);
        window.update(1, odd);
        window.progress.note("the server says \u001b[2J");

        assertThat(window.screen.lines().get(0), is("the server says ?[2J"));
        assertThat(window.screen.lines().get(1), startsWith("a?[2Jb?c "));
    }

    @Test
    void manyThreadsPrintAtOnce() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int number = i;
            Thread thread = new Thread(() -> {
                for (int line = 0; line < 100; line++) {
                    window.terminal.println("thread " + number);
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (int second = 0; second < 100; second++) {
            window.update(second, ORDERS, EVENTS, PRODUCTS);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        window.progress.done();

        assertThat(window.screen.lines(), is(hasLines(400)));
        assertThat(window.screen.lines(), everyItem(startsWith("thread ")));
        assertThat(window.screen.lines(), everyItem(hasLength(8)));
        assertThat(window.screen.frames(), is(greaterThan(100)));
    }

    private static String line(int columns, RunProgress.Stream stream) {
        return lines(columns, 24, stream).get(0);
    }

    private static List<String> lines(int columns, int rows, RunProgress.Stream... streams) {
        Window window = new Window(columns, rows);
        window.update(0, streams);
        window.update(5, streams);
        return window.screen.lines();
    }

    private static Matcher<Collection<? extends String>> hasLines(int count) {
        return hasSize(count);
    }
}

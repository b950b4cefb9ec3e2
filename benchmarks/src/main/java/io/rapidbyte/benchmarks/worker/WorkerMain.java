// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.worker;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.benchmarks.contender.Contender;
import io.rapidbyte.benchmarks.contender.Contenders;
import io.rapidbyte.benchmarks.contender.TableCopy;
import io.rapidbyte.benchmarks.process.ProcessFigures;
import io.rapidbyte.benchmarks.result.Iteration.Figures;
import io.rapidbyte.benchmarks.scenario.Scenario;
import io.rapidbyte.benchmarks.scenario.Settings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A process that copies when it is told to: one request a line on standard input, one reply a line on standard output. */
public final class WorkerMain {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Logger LOG = LoggerFactory.getLogger(WorkerMain.class);
    private static final double NANOS_PER_SECOND = 1e9;

    /**
     * A copy to make.
     *
     * @param contender by whom
     * @param settings how
     * @param copy of what
     */
    record Request(String contender, Map<String, String> settings, TableCopy copy) {}

    /**
     * A copy that was made, or why not.
     *
     * @param seconds wall time
     * @param runner the Beam runner, or {@code none}
     * @param figures null after a failure
     * @param jdk version of this JVM
     * @param error null after success
     */
    record Reply(double seconds, String runner, Figures figures, String jdk, String error) {}

    private WorkerMain() {}

    /** Replies until the end of standard input. */
    public static void main(String[] arguments) throws IOException {
        PrintStream replies = System.out;
        // JdbcIO prints there; what is not a reply must not be among them.
        System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            replies.println(MAPPER.writeValueAsString(reply(MAPPER.readValue(line, Request.class))));
            replies.flush();
        }
        // Runners leave threads behind that would keep the process.
        // CHECKSTYLE:OFF a main method is where a process ends
        System.exit(0);
        // CHECKSTYLE:ON
    }

    private static Reply reply(Request request) {
        try {
            return measure(request);
        } catch (Exception e) {
            // The harness reports it and ends the run; the trace is on standard error.
            LOG.error("the copy by {} failed", request.contender(), e);
            return new Reply(0, "none", null, System.getProperty("java.version"), String.valueOf(e.getMessage()));
        }
    }

    /** Makes and measures one copy in this process. */
    static Reply measure(Request request) throws Exception {
        Settings settings = Settings.of(request.settings());
        Contender contender = Contenders.of(new Scenario.Entry(request.contender(), settings));
        ProcessFigures.resetPeakRss();
        double cpu = ProcessFigures.cpuSeconds();
        double gc = ProcessFigures.gcSeconds();
        long collections = ProcessFigures.gcCount();
        long start = System.nanoTime();
        Contender.Outcome outcome = contender.copy(request.copy(), settings);
        double seconds = (System.nanoTime() - start) / NANOS_PER_SECOND;
        boolean elsewhere = contender.startsPrograms();
        return new Reply(
                seconds,
                outcome.runner(),
                figures(
                        outcome,
                        elsewhere ? null : ProcessFigures.cpuSeconds() - cpu,
                        elsewhere ? outcome.peakRssBytes() : ProcessFigures.peakRssBytes(),
                        elsewhere ? null : ProcessFigures.gcSeconds() - gc,
                        elsewhere ? null : ProcessFigures.gcCount() - collections),
                System.getProperty("java.version"),
                null);
    }

    private static Figures figures(Contender.Outcome outcome, Double cpu, long peakRss, Double gc, Long collections) {
        Map<String, Double> phases = new TreeMap<>();
        Map<String, Long> counts = new TreeMap<>();
        long crossings = 0;
        for (Map.Entry<String, Long> metric : outcome.metrics().entrySet()) {
            String name = metric.getKey();
            if (name.endsWith("_nanos")) {
                phases.put(name.substring(0, name.length() - "_nanos".length()), metric.getValue() / NANOS_PER_SECOND);
            } else {
                counts.put(name, metric.getValue());
                crossings += name.contains("_host_") && name.endsWith("_count") ? metric.getValue() : 0;
            }
        }
        return new Figures(
                cpu,
                null,
                peakRss == 0 ? null : peakRss,
                gc,
                collections,
                crossings == 0 ? null : crossings,
                phases,
                counts);
    }
}

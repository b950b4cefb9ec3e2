// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.run;

import io.rapidbyte.benchmarks.contender.Contender;
import io.rapidbyte.benchmarks.contender.Contenders;
import io.rapidbyte.benchmarks.contender.PsqlCopyPipe;
import io.rapidbyte.benchmarks.contender.RapidbyteCommand;
import io.rapidbyte.benchmarks.contender.TableCopy;
import io.rapidbyte.benchmarks.process.ProcessFigures;
import io.rapidbyte.benchmarks.result.Environment;
import io.rapidbyte.benchmarks.result.Iteration;
import io.rapidbyte.benchmarks.result.ResultsFile;
import io.rapidbyte.benchmarks.scenario.Measure;
import io.rapidbyte.benchmarks.scenario.Scenario;
import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import io.rapidbyte.benchmarks.server.BenchmarkServer;
import io.rapidbyte.benchmarks.server.ServerKeys;
import io.rapidbyte.benchmarks.server.SlowNetwork;
import io.rapidbyte.benchmarks.worker.Build;
import io.rapidbyte.benchmarks.worker.Worker;
import io.rapidbyte.pipelines.quickstart.CopyVerifier;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One run of a scenario. Contenders copy in turn, iteration by iteration, so that what disturbs the machine disturbs all of them; each
 * into a target that is fresh, and each copy is compared with its source, so that a fast wrong answer is a failure.
 */
public final class ScenarioRun {
    private final Scenario scenario;
    private final List<Build> builds;
    private final ResultsFile results;
    private final RunListener listener;
    private final List<String> jvmArguments;
    private final String run =
            Instant.now(Clock.systemUTC()).truncatedTo(ChronoUnit.MILLIS).toString();
    private final List<Iteration> iterations = new ArrayList<>();

    /**
     * A run that has not started.
     *
     * @param builds whose code is measured; with several, each contender copies with each of them in turn
     * @param results where every iteration goes
     * @param listener is told what happens
     * @param jvmArguments more arguments for the contenders' JVMs
     */
    public ScenarioRun(
            Scenario scenario,
            List<Build> builds,
            ResultsFile results,
            RunListener listener,
            List<String> jvmArguments) {
        this.scenario = scenario;
        this.builds = List.copyOf(builds);
        this.results = results;
        this.listener = listener;
        this.jvmArguments = List.copyOf(jvmArguments);
    }

    /** Thrown when a copy was not equal to its source; the message says of which contender and how. */
    public static final class WrongCopyException extends Exception {
        private static final long serialVersionUID = 1L;

        WrongCopyException(String message) {
            super(message);
        }
    }

    /**
     * Measures everything.
     *
     * @return the iterations, which are in the results file as well
     * @throws WrongCopyException when a copy was not equal to its source
     * @throws IOException when a contender failed, or the server or a file
     */
    public List<Iteration> measure() throws IOException, SQLException, InterruptedException, WrongCopyException {
        List<List<Scenario.Entry>> groups = available();
        if (groups.stream().flatMap(List::stream).anyMatch(entry -> Contenders.of(entry) instanceof RapidbyteCommand)) {
            for (Build build : builds) {
                RapidbyteCommand.build(build.tree());
            }
        }
        boolean encrypted = groups.stream()
                .flatMap(List::stream)
                .anyMatch(entry -> entry.settings().text(Setting.SSLMODE).isPresent());
        try (ServerKeys keys = encrypted ? ServerKeys.create() : null;
                BenchmarkServer server = BenchmarkServer.start(keys);
                SlowNetwork network = scenario.network() == null
                        ? null
                        : SlowNetwork.start(scenario.network(), server.host(), server.port())) {
            TableCopy copy = server.copy(server.host(), network == null ? server.port() : network.port());
            for (long rows : scenario.rows()) {
                listener.progress(String.format(
                        Locale.ROOT,
                        "making %,d rows of the %s table",
                        rows,
                        scenario.profile().key()));
                server.createSource(scenario.profile(), rows);
                for (List<Scenario.Entry> group : groups) {
                    measure(group, rows, server, copy);
                }
            }
        }
        return List.copyOf(iterations);
    }

    /** Leaves out what this machine does not have, aloud, and checks the rest before anything starts. */
    private List<List<Scenario.Entry>> available() {
        boolean psql = PsqlCopyPipe.isAvailable();
        List<List<Scenario.Entry>> groups = new ArrayList<>();
        for (List<Scenario.Entry> group : scenario.groups()) {
            List<Scenario.Entry> kept = new ArrayList<>();
            for (Scenario.Entry entry : group) {
                Contender contender = Contenders.of(entry);
                if (!psql && contender instanceof PsqlCopyPipe) {
                    listener.progress(entry.label() + " is left out: there is no psql on the PATH");
                } else {
                    kept.add(entry);
                }
            }
            groups.add(kept);
        }
        return groups;
    }

    private void measure(List<Scenario.Entry> group, long rows, BenchmarkServer server, TableCopy copy)
            throws IOException, SQLException, WrongCopyException {
        List<Worker> workers = new ArrayList<>();
        try {
            for (Scenario.Entry entry : group) {
                for (Build build : builds) {
                    workers.add(new Worker(entry, build, jvmArguments));
                }
            }
            String postgres = server.version();
            for (int round = 1 - scenario.warmup(); round <= scenario.iterations(); round++) {
                for (Worker worker : workers) {
                    if (round < 1 && scenario.measure() == Measure.PROCESS && !worker.startsPrograms()) {
                        continue;
                    }
                    if (round == 1) {
                        listener.warm(worker);
                    }
                    Iteration iteration = measure(worker, rows, server, copy, round, postgres);
                    if (round > 0) {
                        results.append(iteration);
                        iterations.add(iteration);
                    }
                    if (round == scenario.iterations()) {
                        listener.done(worker);
                    }
                }
            }
        } finally {
            workers.forEach(Worker::close);
        }
    }

    /** An upsert tells rows by a key, which the target has to have. */
    private static String target(Settings settings) {
        boolean upserts =
                settings.text(Setting.WRITE_MODE).filter("upsert"::equals).isPresent();
        return settings.text(Setting.TARGET).orElse(upserts ? "keyed" : "plain");
    }

    private Iteration measure(
            Worker worker, long rows, BenchmarkServer server, TableCopy copy, int round, String postgres)
            throws IOException, SQLException, WrongCopyException {
        server.freshTarget(target(worker.entry().settings()));
        String time =
                Instant.now(Clock.systemUTC()).truncatedTo(ChronoUnit.MILLIS).toString();
        double machine = ProcessFigures.machineCpuSeconds();
        Worker.Copied copied = scenario.measure() == Measure.STEADY ? worker.copy(copy) : worker.copyInNewProcess(copy);
        double machineSeconds = ProcessFigures.machineCpuSeconds() - machine;
        CopyVerifier.Verdict verdict = server.verify();
        String label = worker.entry().label();
        if (!verdict.equal()) {
            throw new WrongCopyException(label + " made a copy that is not equal to its source: "
                    + String.join("; ", verdict.differences()) + ".");
        }
        Environment environment = Machine.environment(worker.build(), copied.jdk(), postgres, copied.runner());
        Iteration iteration = new Iteration(
                run,
                time,
                scenario.name(),
                scenario.profile().key(),
                rows,
                server.tableBytes(),
                worker.entry().contender(),
                label,
                worker.entry().settings().byName(),
                scenario.measure(),
                Math.max(round, 0),
                copied.seconds(),
                copied.figures().withMachineCpuSeconds(machineSeconds == 0 ? null : machineSeconds),
                environment);
        listener.progress(String.format(
                Locale.ROOT,
                "%-10s %8.3f s %,11.0f rows/s  %s%s",
                round > 0 ? round + "/" + scenario.iterations() : "warm-up",
                iteration.seconds(),
                iteration.rowsPerSecond(),
                label,
                builds.size() > 1 ? " @ " + worker.build().commit() : ""));
        return iteration;
    }
}

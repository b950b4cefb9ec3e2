// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.result;

import io.rapidbyte.benchmarks.scenario.Measure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Results that nobody measured: the same ones every time. */
public final class SyntheticResults {
    /** Bytes of a row in the table of the profile {@code small}. */
    private static final long ROW_BYTES = 98;

    private final SplittableRandom random = new SplittableRandom(1);
    private final List<Iteration> iterations = new ArrayList<>();
    private Environment environment = new Environment(
            "0123456789abcdef0123456789abcdef01234567",
            "main",
            false,
            "17.0.15",
            "Imagined Processor 3000",
            2,
            8L << 30,
            "Linux 6.1 amd64",
            "18.0",
            "direct");
    private String run = "2026-01-01T00:00:00.000Z";
    private double noise = 0.01;
    private Map<String, Double> phases = Map.of();

    /** All iterations so far. */
    public List<Iteration> iterations() {
        return List.copyOf(iterations);
    }

    /** What follows is of this commit. */
    public SyntheticResults commit(String commit) {
        environment = new Environment(
                commit,
                environment.branch(),
                environment.dirty(),
                environment.jdk(),
                environment.cpu(),
                environment.cores(),
                environment.memoryBytes(),
                environment.os(),
                environment.postgres(),
                environment.runner());
        return this;
    }

    /** What follows was measured there. */
    public SyntheticResults environment(Environment other) {
        environment = other;
        return this;
    }

    /** Where the next iterations are measured. */
    public Environment environment() {
        return environment;
    }

    /** What follows is of this run. */
    public SyntheticResults run(String name) {
        run = name;
        return this;
    }

    /** What follows varies by this share of its time, upwards at most. */
    public SyntheticResults noise(double share) {
        noise = share;
        return this;
    }

    /** What follows spends these shares of its time in these phases. */
    public SyntheticResults phases(Map<String, Double> shares) {
        phases = shares;
        return this;
    }

    /** Adds iterations of a table of the profile {@code small}. */
    public SyntheticResults add(
            String scenario, long rows, int count, double seconds, String contender, String... settings) {
        return turns(scenario, rows, count, new Turn(seconds, contender, settings));
    }

    /** One of those that take turns. */
    public record Turn(double seconds, String contender, String... settings) {}

    /** Adds iterations of contenders that take turns. */
    public SyntheticResults turns(String scenario, long rows, int count, Turn... turns) {
        for (int iteration = 1; iteration <= count; iteration++) {
            for (Turn turn : turns) {
                iterations.add(iteration(scenario, rows, iteration, turn));
            }
        }
        return this;
    }

    private Iteration iteration(String scenario, long rows, int number, Turn turn) {
        double seconds = noisy(turn.seconds());
        Map<String, Double> spent = new TreeMap<>();
        phases.forEach((name, share) -> spent.put(name, noisy(turn.seconds() * share)));
        Map<String, String> settings = Arrays.stream(turn.settings())
                .map(setting -> setting.split("=", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
        String label = turn.contender()
                + new TreeMap<>(settings)
                        .entrySet().stream()
                                .map(setting -> " " + setting.getKey() + "=" + setting.getValue())
                                .collect(Collectors.joining());
        return new Iteration(
                run,
                run,
                scenario,
                "small",
                rows,
                rows * ROW_BYTES,
                turn.contender(),
                label,
                new TreeMap<>(settings),
                Measure.STEADY,
                number,
                seconds,
                new Iteration.Figures(
                        1.4 * seconds, 1.9 * seconds, 512_000_000L, 0.02 * seconds, 7L, rows / 50, spent, Map.of()),
                environment);
    }

    private double noisy(double seconds) {
        return seconds * (1 + noise * random.nextDouble());
    }

    /** Results with something for every part of a report. */
    public static List<Iteration> forEveryPart() {
        Map<String, Double> phases = Map.ofEntries(
                Map.entry("source_connect", 0.05),
                Map.entry("source_query", 0.15),
                Map.entry("source_fetch", 0.1),
                Map.entry("source_decode", 0.66),
                Map.entry("source_arrow_encode", 0.05),
                Map.entry("source_other", 0.06),
                Map.entry("claim", 0.01),
                Map.entry("emit", 0.08),
                Map.entry("dest_connect", 0.05),
                Map.entry("dest_apply", 0.03),
                Map.entry("dest_recv_wait", 0.2),
                Map.entry("dest_arrow_decode", 0.6),
                Map.entry("dest_flush", 0.25),
                Map.entry("dest_commit", 0.04),
                Map.entry("dest_other", 0.07),
                Map.entry("module_load", 0.01));
        SyntheticResults results = new SyntheticResults().noise(0.06);
        for (long rows : new long[] {10_000, 100_000, 1_000_000, 10_000_000}) {
            double millions = rows / 1e6;
            results.phases(phases)
                    .add("sizes", rows, 5, 0.3 + 2 * millions, "rapidbyte")
                    .phases(Map.of())
                    .add("sizes", rows, 5, 0.05 + millions, "psql-binary")
                    .add("sizes", rows, 5, 0.5 + 5 * millions, "jdbcio");
        }
        results.phases(Map.of())
                .add("peers", 1_000_000, 5, 0.98, "psql-binary")
                .add("peers", 1_000_000, 5, 0.95, "pgjdbc-binary")
                .add("peers", 1_000_000, 5, 5.2, "jdbcio", "partitions=8", "batch_rows=5000")
                .phases(phases)
                .add("peers", 1_000_000, 5, 2.3, "rapidbyte");
        for (int partitions : new int[] {1, 2, 4, 8}) {
            results.add("network", 1_000_000, 5, 1 + 3.2 / partitions, "rapidbyte", "partitions=" + partitions)
                    .add("network", 1_000_000, 5, 2 + 6.0 / partitions, "jdbcio", "partitions=" + partitions);
        }
        Turn base = new Turn(2.3, "rapidbyte");
        return results.turns(
                        "matrix",
                        1_000_000,
                        7,
                        base,
                        new Turn(2.31, "rapidbyte", "compression=none"),
                        new Turn(2.5, "rapidbyte", "compression=lz4"),
                        new Turn(2.9, "rapidbyte", "compression=zstd"))
                .turns(
                        "matrix",
                        1_000_000,
                        7,
                        base,
                        new Turn(3.4, "rapidbyte", "batch_bytes=64kb"),
                        new Turn(2.3, "rapidbyte", "batch_bytes=1mb"),
                        new Turn(2.1, "rapidbyte", "batch_bytes=4mb"))
                .turns("matrix", 1_000_000, 7, base, new Turn(2.8, "rapidbyte", "sslmode=require"))
                .iterations();
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.beam.io.PhaseReport;
import io.rapidbyte.beam.io.RapidbyteMetrics;
import java.util.Locale;
import java.util.Map;

/**
 * What held a run up, as far as its metrics tell.
 *
 * <p>The time of reading and of writing without what they waited for each other is the work of either side. Where both run in turns on the same
 * threads (Direct), the side that worked longer is the one to make faster; where they run side by side (fused steps), the waits tell as well:
 * reading waits for a full queue when the destination is slow, writing waits for batches when the source is.
 *
 * @param kind what it was
 * @param sentence what the metrics show and what to try, in one to three sentences; null when there is nothing to say
 */
public record Bottleneck(Kind kind, String sentence) {
    /** What can hold a run up. */
    public enum Kind {
        /** Reading. */
        SOURCE,
        /** Writing. */
        DESTINATION,
        /** What happens to batches between reading and writing. */
        TRANSFORM,
        /** The processors of the machine. */
        CPU,
        /** Checks, connecting and preparing tables. */
        LAUNCH,
        /** Neither side. */
        NEITHER,
        /** The run was too short, incomplete, or on a runner that does not tell. */
        UNKNOWN
    }

    private static final Bottleneck UNKNOWN = new Bottleneck(Kind.UNKNOWN, null);

    /** Below that chance decides. */
    private static final double SHORTEST_SECONDS = 1;
    /** From which share of the work on a side is the bottleneck, whatever else the metrics say. */
    private static final double MOST = 0.6;
    /** From which share of the work on a side is the bottleneck when the other waited for it. */
    private static final double HALF = 0.5;
    /** Which share of a side's time shows that it waited for the other. */
    private static final double WAITED = 0.2;
    /** From which share of the work on the steps in between are worth a word. */
    private static final double WORTH_A_WORD = 0.05;
    /** From which share on the processors are taken for busy: no process keeps all of them so from its first moment to its last. */
    private static final double BUSY = 0.85;

    /** Where the time of a run went, in seconds of all threads together. */
    private record Work(
            PhaseReport reading, PhaseReport writing, Map<String, Long> metrics, double preflight, int threads) {
        static Work of(RunSummary summary) {
            return new Work(
                    summary.reading(),
                    summary.writing(),
                    summary.metrics(),
                    summary.preflightSeconds(),
                    summary.parallelism());
        }

        double metric(String name) {
            return metrics.getOrDefault(name, 0L) / 1e9;
        }

        private double phases(PhaseReport side, String... names) {
            double seconds = 0;
            for (String name : names) {
                seconds += side.phases().getOrDefault(name, 0L) / 1e9;
            }
            return seconds;
        }

        double fetching() {
            return phases(reading, RapidbyteMetrics.SOURCE_QUERY, RapidbyteMetrics.SOURCE_FETCH);
        }

        double source() {
            return reading.wholeNanos() / 1e9
                    - phases(reading, RapidbyteMetrics.SOURCE_CONNECT, RapidbyteMetrics.CLAIM, RapidbyteMetrics.EMIT);
        }

        double receiving() {
            return phases(writing, RapidbyteMetrics.DEST_RECV_WAIT);
        }

        double flushing() {
            return phases(writing, RapidbyteMetrics.DEST_FLUSH, RapidbyteMetrics.DEST_COMMIT);
        }

        double finalizing() {
            return metric(RapidbyteMetrics.DEST_FINALIZE);
        }

        double destination() {
            return writing.wholeNanos() / 1e9
                    - phases(writing, RapidbyteMetrics.DEST_CONNECT, RapidbyteMetrics.DEST_APPLY)
                    - receiving()
                    + finalizing();
        }

        /** What reading waited for the destination. */
        double enqueueing() {
            return metric(RapidbyteMetrics.SINK_ENQUEUE_WAIT);
        }

        /** Handing batches over, as far as it was not waiting for the destination: the steps in between. */
        double between() {
            return Math.max(0, phases(reading, RapidbyteMetrics.EMIT) - enqueueing());
        }

        double codecs() {
            return metric(RapidbyteMetrics.COMPRESS) + metric(RapidbyteMetrics.DECOMPRESS);
        }

        double whole() {
            return source() + between() + destination();
        }

        /** What both connectors did, preparations included: as long as that by the clock at most, had one thread done it all. */
        double connectors() {
            return whole() + once();
        }

        /** What has to be done once, however many rows there are. */
        private double once() {
            return phases(reading, RapidbyteMetrics.SOURCE_CONNECT)
                    + phases(writing, RapidbyteMetrics.DEST_CONNECT, RapidbyteMetrics.DEST_APPLY)
                    + metric(RapidbyteMetrics.SOURCE_VM_SETUP)
                    + metric(RapidbyteMetrics.DEST_VM_SETUP);
        }

        /** The same by the clock, with the checks before the run, if the threads shared it evenly. */
        double launching() {
            return preflight + once() / Math.max(1, threads);
        }
    }

    /** Looks at a run that is over. */
    public static Bottleneck of(RunSummary summary) {
        Work work = Work.of(summary);
        double whole = work.whole();
        if (!summary.isDone() || summary.seconds() < SHORTEST_SECONDS || whole <= 0) {
            return UNKNOWN;
        }
        if (work.launching() >= HALF * summary.seconds() || work.connectors() <= HALF * summary.movingSeconds()) {
            return launch(work, summary);
        }
        double cpu = work.metric(ProcessCpu.PROCESS_CPU);
        long cores = summary.metrics().getOrDefault(ProcessCpu.PROCESS_CORES, 0L);
        if (cores > 0 && cpu >= BUSY * cores * summary.seconds()) {
            return cpu(summary, cpu / summary.seconds(), cores);
        }
        if (work.between() >= HALF * whole) {
            return transform(work);
        }
        boolean readingWaited = work.enqueueing() >= WAITED * (work.source() + work.enqueueing());
        boolean writingWaited = work.receiving() >= WAITED * (work.destination() + work.receiving());
        if (work.destination() >= (readingWaited && !writingWaited ? HALF : MOST) * whole) {
            return destination(work);
        }
        if (work.source() >= (writingWaited && !readingWaited ? HALF : MOST) * whole) {
            return source(work);
        }
        return neither(work, summary);
    }

    private static Bottleneck launch(Work work, RunSummary summary) {
        return new Bottleneck(
                Kind.LAUNCH,
                "Launching took longer than moving rows: of %s s the checks before the run took %s s, and the connectors, had one thread done all of their work, %s s, of which %s s was connecting and preparing. The rest was the runner starting and ending. Several streams in one file launch once."
                        .formatted(
                                tenths(summary.seconds()),
                                tenths(work.preflight()),
                                tenths(work.connectors()),
                                tenths(work.once())));
    }

    private static Bottleneck cpu(RunSummary summary, double busy, long cores) {
        PhaseReport reading = summary.reading();
        PhaseReport writing = summary.writing();
        double connectors = (reading.wholeNanos() + writing.wholeNanos()) / 1e9;
        double decoding = reading.phases().getOrDefault(RapidbyteMetrics.SOURCE_DECODE, 0L) / 1e9
                + reading.phases().getOrDefault(RapidbyteMetrics.SOURCE_ARROW_ENCODE, 0L) / 1e9;
        double encoding = writing.phases().getOrDefault(RapidbyteMetrics.DEST_ARROW_DECODE, 0L) / 1e9;
        return new Bottleneck(
                Kind.CPU,
                "The processors are the bottleneck: this process kept %s of %d busy; of the time of reading and writing, %s was turning rows into batches and %s turning them back. More threads do not help; try more processors, or fewer columns."
                        .formatted(tenths(busy), cores, percent(decoding, connectors), percent(encoding, connectors)));
    }

    private static Bottleneck transform(Work work) {
        String advice = work.codecs() >= HALF * work.between()
                ? "Most of it was compression: try resources.compression: none, or lz4 where it is zstd."
                : "Try more threads (resources.parallelism), or less work for each batch.";
        return new Bottleneck(
                Kind.TRANSFORM,
                "What happens between reading and writing is the bottleneck: it took %s of the work. %s"
                        .formatted(percent(work.between(), work.whole()), advice));
    }

    private static Bottleneck destination(Work work) {
        String waited = work.enqueueing() >= WAITED * (work.source() + work.enqueueing())
                ? ", and reading waited for it %s of its time"
                        .formatted(percent(work.enqueueing(), work.source() + work.enqueueing()))
                : "";
        return new Bottleneck(
                Kind.DESTINATION,
                "The destination is the bottleneck: writing was %s of the work%s. %s"
                        .formatted(percent(work.destination(), work.whole()), waited, adviceForDestination(work)));
    }

    private static String adviceForDestination(Work work) {
        double whole = work.destination();
        if (work.finalizing() >= HALF * whole) {
            return "Most of that was finalizing the tables (%s).".formatted(percent(work.finalizing(), whole));
        }
        if (work.flushing() >= HALF * whole) {
            return "Most of that was sending rows and committing them (%s), which is up to the server and the way to it: try fewer indexes and triggers on the targets, and more threads (resources.parallelism) only if server and network have room for them."
                    .formatted(percent(work.flushing(), whole));
        }
        return "Most of that was the connector turning batches into rows (%s), which takes processors here, not there: try more threads (resources.parallelism) as far as there are processors, or fewer columns."
                .formatted(percent(whole - work.flushing() - work.finalizing(), whole));
    }

    private static Bottleneck source(Work work) {
        String waited = work.receiving() >= WAITED * (work.destination() + work.receiving())
                ? ", and writing waited for it %s of its time"
                        .formatted(percent(work.receiving(), work.destination() + work.receiving()))
                : "";
        String advice = work.fetching() >= HALF * work.source()
                ? "Most of that was waiting for the server's rows (%s), which is up to the server and the way to it: try fewer columns, an index where a stream has a cursor_field or a partition_key, and more threads (resources.parallelism) if server and network have room for them."
                        .formatted(percent(work.fetching(), work.source()))
                : "Most of that was the connector turning rows into batches (%s), which takes processors here, not there: try more threads (resources.parallelism) as far as there are processors, or fewer columns."
                        .formatted(percent(work.source() - work.fetching(), work.source()));
        return new Bottleneck(
                Kind.SOURCE,
                "The source is the bottleneck: reading was %s of the work%s. %s"
                        .formatted(percent(work.source(), work.whole()), waited, advice));
    }

    private static Bottleneck neither(Work work, RunSummary summary) {
        String between = work.between() >= WORTH_A_WORD * work.whole()
                ? ", what happens in between %s".formatted(percent(work.between(), work.whole()))
                : "";
        long cores = summary.metrics().getOrDefault(ProcessCpu.PROCESS_CORES, 0L);
        String busy = cores == 0
                ? ""
                : " and %s of %d processors"
                        .formatted(tenths(work.metric(ProcessCpu.PROCESS_CPU) / summary.seconds()), cores);
        return new Bottleneck(
                Kind.NEITHER,
                "Neither side is the bottleneck: reading was %s of the work%s, writing %s. On average %s connectors on %s%s were at work: try more threads (resources.parallelism) if there are processors to spare."
                        .formatted(
                                percent(work.source(), work.whole()),
                                between,
                                percent(work.destination(), work.whole()),
                                tenths(work.whole() / summary.movingSeconds()),
                                work.threads() == 1 ? "one thread" : work.threads() + " threads",
                                busy));
    }

    private static String tenths(double number) {
        return String.format(Locale.ROOT, "%.1f", number);
    }

    private static String percent(double part, double whole) {
        return String.format(Locale.ROOT, "%.0f %%", whole <= 0 ? 0 : 100 * part / whole);
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.beam.io.DeadLetter;
import io.rapidbyte.beam.io.FinalizedStream;
import io.rapidbyte.beam.io.RunReport;
import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.beam.io.WasmWriteResult;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WriteMode;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.UnaryOperator;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.ParDo;

/** One run that copies a table in several bundles, and is repeated by the runner or from outside until it is through. */
final class RepeatedRuns {
    /** Who repeats what failed. */
    enum Repetition {
        /** The Direct runner never repeats anything: the pipeline is started again, with the same run id. */
        WHOLE_RUNS("--runner=DirectRunner", "--targetParallelism=2"),

        /** Flink starts the failed part of a batch job again. */
        BATCH_JOBS("--runner=FlinkRunner", "--maxBundleSize=3"),

        /** Flink goes back to the last checkpoint of a streaming job. */
        CHECKPOINTS(
                "--runner=FlinkRunner",
                "--streaming=true",
                "--checkpointingInterval=100",
                "--shutdownSourcesAfterIdleMs=1",
                "--maxBundleSize=3");

        private final List<String> arguments;

        Repetition(String... arguments) {
            this.arguments = List.of(arguments);
        }

        private Pipeline pipeline() {
            List<String> all = new ArrayList<>(arguments);
            if (this != WHOLE_RUNS) {
                // There the configuration says that a job that fails is started again.
                all.addAll(List.of("--flinkMaster=[local]", "--parallelism=2", "--flinkConfDir=" + flinkFolder()));
            }
            return Pipeline.create(PipelineOptionsFactory.fromArgs(all.toArray(String[]::new))
                    .withValidation()
                    .create());
        }
    }

    private static final int MOST_RUNS = 20;

    /** By run: what its finalize step put out. Runners copy the step, and so it is outside of it. */
    private static final Map<String, Queue<FinalizedStream>> FINALIZED = new ConcurrentHashMap<>();

    /** By run: the dead letters of the last attempt. */
    private static final Map<String, Queue<DeadLetter>> LETTERS = new ConcurrentHashMap<>();

    private final Repetition repetition;
    private final Map<String, Object> source;
    private final Map<String, Object> target;
    private final WriteMode mode;
    private final String runId = UUID.randomUUID().toString();
    private final List<ConnectorException> failures = new ArrayList<>();
    private UnaryOperator<WasmIO.Read> reading = read -> read;
    private UnaryOperator<WasmIO.Write> writing = write -> write;
    private Runnable beforeRepetition = () -> {};

    RepeatedRuns(Repetition repetition, TestSchema source, Map<String, Object> target, WriteMode mode) {
        this.repetition = repetition;
        this.source = source.config();
        this.target = target;
        this.mode = mode;
        FINALIZED.put(runId, new ConcurrentLinkedQueue<>());
        LETTERS.put(runId, new ConcurrentLinkedQueue<>());
    }

    /** Reads with other settings. */
    RepeatedRuns reading(UnaryOperator<WasmIO.Read> settings) {
        reading = settings;
        return this;
    }

    /** Writes with other settings. */
    RepeatedRuns writing(UnaryOperator<WasmIO.Write> settings) {
        writing = settings;
        return this;
    }

    /** Has several commits in a bundle, of small batches. */
    RepeatedRuns committingInsideOfBundles() {
        UnaryOperator<WasmIO.Read> reads = reading;
        UnaryOperator<WasmIO.Write> writes = writing;
        reading = read -> reads.apply(read).withLimits(Limits.defaults().withMaxBatchRows(400));
        writing = write -> writes.apply(write).withCheckpointIntervalRows(1000);
        return this;
    }

    /** Does this before a run that failed is started again. */
    RepeatedRuns beforeRepetition(Runnable action) {
        beforeRepetition = action;
        return this;
    }

    String runId() {
        return runId;
    }

    /** What the runs that failed failed with; what a runner repeats by itself is not among it. */
    List<ConnectorException> failures() {
        return failures;
    }

    /** The streams that were finalized. */
    List<FinalizedStream> finalized() {
        return List.copyOf(FINALIZED.get(runId));
    }

    /** The dead letters of the run that succeeded, those included that a runner repeated within it. */
    List<DeadLetter> deadLetters() {
        return List.copyOf(LETTERS.get(runId));
    }

    /** Starts the run, again and again where nobody else does, until it succeeds; and reports of the last one. */
    RunReport untilItIsThrough(String stream) {
        return untilItIsThrough(StreamSpec.of(stream));
    }

    /** As {@link #untilItIsThrough(String)}. */
    RunReport untilItIsThrough(StreamSpec stream) {
        while (true) {
            LETTERS.get(runId).clear();
            Pipeline pipeline = repetition.pipeline();
            WasmWriteResult written =
                    pipeline.apply("read", reading.apply(read(stream))).apply("write", writing.apply(write()));
            written.getFinalized().apply("collect", ParDo.of(new Collect(runId)));
            written.getDeadLetters().apply("collect letters", ParDo.of(new CollectLetters(runId)));
            try {
                PipelineResult result = pipeline.run();
                result.waitUntilFinish();
                return RunReport.of(result);
            } catch (RuntimeException e) {
                ConnectorException failure = ConnectorFailures.find(e).orElseThrow(() -> e);
                failures.add(failure);
                assertThat(failure.error().toString(), failure.error().retryable(), is(true));
                assertThat(failure.error().toString(), failure.error().safeToRetry(), is(true));
                if (repetition != Repetition.WHOLE_RUNS || failures.size() == MOST_RUNS) {
                    throw e;
                }
                beforeRepetition.run();
            }
        }
    }

    private WasmIO.Read read(StreamSpec stream) {
        return WasmIO.read()
                .withConnector(ConnectorModule.bundled("source-postgres"))
                .withConfig(source)
                .withStream(stream)
                // Small bundles, so that some are committed when one fails.
                .withMaxBundleBytes(1 << 20)
                .withRunId(runId);
    }

    private WasmIO.Write write() {
        return WasmIO.write()
                .withConnector(ConnectorModule.bundled("dest-postgres"))
                .withConfig(target)
                .withWriteMode(mode)
                .withPrimaryKey(mode == WriteMode.UPSERT ? List.of("id") : List.of())
                .withRunId(runId);
    }

    private static final class Collect extends DoFn<FinalizedStream, Void> {
        private static final long serialVersionUID = 1L;

        private final String runId;

        Collect(String runId) {
            this.runId = runId;
        }

        @ProcessElement
        public void process(@Element FinalizedStream stream) {
            FINALIZED.get(runId).add(stream);
        }
    }

    private static final class CollectLetters extends DoFn<DeadLetter, Void> {
        private static final long serialVersionUID = 1L;

        private final String runId;

        CollectLetters(String runId) {
            this.runId = runId;
        }

        @ProcessElement
        public void process(@Element DeadLetter letter) {
            LETTERS.get(runId).add(letter);
        }
    }

    private static Path flinkFolder() {
        try {
            return Path.of(RepeatedRuns.class.getResource("/flink-restarting").toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}

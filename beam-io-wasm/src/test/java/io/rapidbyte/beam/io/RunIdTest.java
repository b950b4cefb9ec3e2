// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.wasm.StreamSpec;
import java.util.Arrays;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.testing.TestPipeline;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which run a batch is of: an execution of the graph has one id, however often a runner repeats its parts. */
@Timeout(240)
class RunIdTest {
    private static final int UNITS = 60;

    /** What passed, in all attempts: the runners of these tests work in this process. */
    private static final Queue<Seen> SEEN = new ConcurrentLinkedQueue<>();

    private static final Queue<String> WRITTEN = new ConcurrentLinkedQueue<>();
    private static final Set<String> FAILED = ConcurrentHashMap.newKeySet();

    private record Seen(BatchId id, int content) {}

    @BeforeEach
    void forget() {
        SEEN.clear();
        WRITTEN.clear();
        FAILED.clear();
    }

    @ParameterizedTest
    @EnumSource
    void eachExecutionOfAGraphIsARunOfItsOwn(TestRunner runner) {
        TestPipeline pipeline = runner.pipeline();
        write(pipeline.apply(read().withStream("orders")).apply(ParDo.of(new Look(null))));

        pipeline.run().waitUntilFinish();
        Set<String> first = runs();
        Set<String> firstWritten = new TreeSet<>(WRITTEN);
        forget();
        pipeline.run().waitUntilFinish();

        assertThat(first, hasSize(1));
        assertThat(runs(), hasSize(1));
        assertThat(runs(), is(not(first)));
        assertThat("what is written is of the run that read it", firstWritten, is(first));
        assertThat(new TreeSet<>(WRITTEN), is(runs()));
    }

    @Test
    void twoReadsOfOnePipelineAreTwoRuns() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        pipeline.apply("one", read().withStream("orders")).apply("look at one", ParDo.of(new Look(null)));
        pipeline.apply("other", read().withStream("orders")).apply("look at other", ParDo.of(new Look(null)));
        pipeline.run().waitUntilFinish();

        assertThat(runs(), hasSize(2));
    }

    @Test
    void streamsThatArriveAreOneRunToo() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        pipeline.apply(Create.of(StreamSpec.of("orders"), StreamSpec.of("customers")))
                .apply(WasmIO.readAll().withConnector(Probe.sourceModule()).withConfig(Map.of("units", UNITS)))
                .apply(ParDo.of(new Look(null)));
        pipeline.run().waitUntilFinish();
        Set<String> first = runs();
        forget();
        pipeline.run().waitUntilFinish();

        assertThat(first, hasSize(1));
        assertThat(runs(), is(not(first)));
    }

    @Test
    void aSnapshotThatIsReadTwiceIsTwoRuns() {
        try (SourceSnapshot snapshot = read().withStream("orders").openSnapshot()) {
            TestPipeline pipeline = TestRunner.DIRECT.pipeline();
            pipeline.apply(snapshot.read()).apply(ParDo.of(new Look(null)));
            pipeline.run().waitUntilFinish();
            Set<String> first = runs();
            forget();
            pipeline.run().waitUntilFinish();

            assertThat(first, hasSize(1));
            assertThat(runs(), is(not(first)));
        }
    }

    /** As when Flink is given a savepoint: the state has the streams, and the execution is another one. */
    @Test
    void aStreamOfAStateThatWasKeptStaysInItsRun() {
        ConnectorSpec spec = Probe.source(Map.of("units", UNITS));
        PlannedStream kept =
                new PlannedStream(Probe.plan(spec, "orders"), Long.MAX_VALUE).inRun("the first submission");
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        WasmIO.Read read = read().withStream("orders");
        ConnectorSpec reading = read.spec().complete("read");
        read.read(pipeline.apply(Create.of(kept).withCoder(SerializableCoder.of(PlannedStream.class))), reading)
                .getBatches()
                .apply(ParDo.of(new Look(null)));
        pipeline.run().waitUntilFinish();

        assertThat(runs(), contains("the first submission"));
        assertThat(SEEN, hasSize(UNITS));
    }

    @Test
    void aTemplateIsRefusedBecauseAllItsLaunchesWouldBeOneRun() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        pipeline.getOptions().as(TemplateOptions.class).setTemplateLocation("gs://bucket/template");
        pipeline.apply(read().withStream("orders"));

        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, pipeline::run);
        assertThat(refused.getMessage(), containsString("flex template"));
    }

    @Test
    void streamsWithoutAnEndAreRefused() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        PCollection<StreamSpec> streams = pipeline.apply(Create.of(StreamSpec.of("orders")))
                .setIsBoundedInternal(PCollection.IsBounded.UNBOUNDED);
        WasmIO.ReadAll readAll = WasmIO.readAll().withConnector(Probe.sourceModule());

        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, () -> streams.apply(readAll));
        assertThat(refused.getMessage(), containsString("bounded collection"));
    }

    @Test
    void anIdThatWasGivenIsKept() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        write(pipeline.apply(read().withRunId("mine").withStream("orders")).apply(ParDo.of(new Look(null))));
        pipeline.run().waitUntilFinish();
        pipeline.run().waitUntilFinish();

        assertThat(runs(), contains("mine"));
        assertThat(new TreeSet<>(WRITTEN), contains("mine"));
    }

    @Test
    void aRunIdOfTheWriteCoversWhatItIsGiven() {
        TestPipeline pipeline = TestRunner.DIRECT.pipeline();
        pipeline.apply(read().withStream("orders"))
                .apply(WasmIO.write().withConnector(Probe.destinationModule()).withRunId("written"))
                .getReceipts()
                .apply(ParDo.of(new LookAtReceipts()));
        pipeline.run().waitUntilFinish();

        assertThat(new TreeSet<>(WRITTEN), contains("written"));
    }

    /** Without a checkpoint Flink starts the whole job again, planning included; with one it goes on from there. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void afterARestartOfFlinkTheSameBatchesHaveTheSameIdentities(boolean checkpoints) {
        TestPipeline pipeline = checkpoints
                ? TestRunner.restarting(
                        "--streaming=true", "--checkpointingInterval=50", "--shutdownSourcesAfterIdleMs=200")
                : TestRunner.restarting();
        // The third last unit: until then others have passed, and those of the first attempt pass again.
        write(pipeline.apply(read().withStream("orders")).apply(ParDo.of(new Look((long) UNITS - 3))));
        pipeline.run().waitUntilFinish();

        assertThat("the step has failed once", FAILED, hasSize(1));
        assertThat(runs(), hasSize(1));
        Map<BatchId, Set<Integer>> contents = SEEN.stream()
                .collect(Collectors.groupingBy(Seen::id, Collectors.mapping(Seen::content, Collectors.toSet())));
        assertThat(contents.keySet(), hasSize(UNITS));
        assertThat("batches came again", SEEN.size(), greaterThan(UNITS));
        assertThat(contents.values(), everyItem(hasSize(1)));
        assertThat(new TreeSet<>(WRITTEN), is(runs()));
    }

    private static Set<String> runs() {
        return SEEN.stream().map(seen -> seen.id().runId()).collect(Collectors.toCollection(TreeSet::new));
    }

    private static WasmIO.Read read() {
        return WasmIO.read().withConnector(Probe.sourceModule()).withConfig(Map.of("units", UNITS));
    }

    private static void write(PCollection<ArrowBatch> batches) {
        batches.apply(WasmIO.write().withConnector(Probe.destinationModule()))
                .getReceipts()
                .apply(ParDo.of(new LookAtReceipts()));
    }

    /** Remembers what passes, and fails once at a unit. */
    private static final class Look extends DoFn<ArrowBatch, ArrowBatch> {
        private final Long failingUnit;

        private Look(Long failingUnit) {
            this.failingUnit = failingUnit;
        }

        @ProcessElement
        public void process(@Element ArrowBatch batch, OutputReceiver<ArrowBatch> batches) {
            SEEN.add(new Seen(batch.id(), Arrays.hashCode(batch.frame())));
            if (failingUnit != null && batch.id().unit() == failingUnit && FAILED.add(batch.id().stream())) {
                throw new IllegalStateException("the step fails once");
            }
            batches.output(batch);
        }
    }

    private static final class LookAtReceipts extends DoFn<CommitReceipt, Void> {
        @ProcessElement
        public void process(@Element CommitReceipt receipt) {
            WRITTEN.add(receipt.runId());
        }
    }
}

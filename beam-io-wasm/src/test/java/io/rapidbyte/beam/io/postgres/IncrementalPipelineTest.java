// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.anEmptyMap;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.beam.io.ArrowBatch;
import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.beam.io.FinalizedStream;
import io.rapidbyte.beam.io.SourceSnapshot;
import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.beam.io.postgres.PostgresCopy.Runner;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.SyncMode;
import io.rapidbyte.wasm.WriteMode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.Flatten;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionList;
import org.apache.beam.sdk.values.TypeDescriptor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Incremental runs as pipelines: where one ends comes out of the write once everything is committed, and leads into the next. */
@Timeout(240)
class IncrementalPipelineTest {
    /** What is to happen when the first batch passes; runners copy the step, and so it is outside of it. */
    private static final AtomicReference<Runnable> AT_THE_FIRST_BATCH = new AtomicReference<>();

    /** What the finalize steps gave out, by stream. */
    private static final Map<String, FinalizedStream> FINALIZED = new ConcurrentHashMap<>();

    private TestSchema source;
    private TestSchema target;

    /** Does once, in the midst of the run, what was put into {@link #AT_THE_FIRST_BATCH}. */
    private static final class Meanwhile extends DoFn<ArrowBatch, ArrowBatch> {
        private static final long serialVersionUID = 1L;

        @ProcessElement
        public void process(@Element ArrowBatch batch, OutputReceiver<ArrowBatch> output) {
            Runnable event = AT_THE_FIRST_BATCH.getAndSet(null);
            if (event != null) {
                event.run();
            }
            output.output(batch);
        }
    }

    private static final class Remember extends DoFn<FinalizedStream, Void> {
        private static final long serialVersionUID = 1L;

        @ProcessElement
        public void process(@Element FinalizedStream stream) {
            FINALIZED.put(stream.stream(), stream);
        }
    }

    @BeforeEach
    void createTables() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        AT_THE_FIRST_BATCH.set(null);
        FINALIZED.clear();
        source.execute(
                "create table orders (id bigint primary key, at timestamptz not null, note text)",
                "create table notes (at date, note text)",
                "create index on orders (at)");
        insert(1, 20_000);
    }

    @AfterEach
    void dropTables() {
        target.close();
        source.close();
    }

    private void insert(int from, int to) {
        source.execute(
                "insert into orders select n, timestamptz '2024-01-01Z' + n / 10 * interval '1 second', 'note ' || repeat(md5(n::text), 16)"
                        + " from generate_series(" + from + ", " + to + ") n",
                "insert into notes select date '2024-01-01' + n / 10000, 'note ' || n % 3 from generate_series(" + from
                        + ", " + to + ", 5) n",
                "analyze orders");
    }

    private static StreamSpec orders() {
        return StreamSpec.of("orders").withSyncMode(SyncMode.INCREMENTAL).withCursor("at", "id");
    }

    private static StreamSpec notes() {
        return StreamSpec.of("notes").withSyncMode(SyncMode.INCREMENTAL).withCursor("at", null);
    }

    private static StreamSpec goOn(StreamSpec stream) {
        FinalizedStream last = FINALIZED.get(stream.name());
        return last == null ? stream : stream.withPosition(last.position());
    }

    private WasmIO.Read read(StreamSpec... streams) {
        return WasmIO.read()
                .withConnector(ConnectorModule.bundled("source-postgres"))
                .withConfig(PostgresCopy.json(source.config()))
                .withMaxBundleBytes(1 << 20)
                .withStreams(List.of(streams));
    }

    private void run(Runner runner, PTransform<PBegin, PCollection<ArrowBatch>> read) {
        Pipeline pipeline = Pipeline.create(runner.options());
        pipeline.apply("read", read)
                .apply("meanwhile", ParDo.of(new Meanwhile()))
                .apply(
                        "write",
                        WasmIO.write()
                                .withConnector(ConnectorModule.bundled("dest-postgres"))
                                .withConfig(PostgresCopy.json(target.config()))
                                .withWriteMode(WriteMode.APPEND))
                .getFinalized()
                .apply("remember", ParDo.of(new Remember()));
        pipeline.run().waitUntilFinish();
    }

    @ParameterizedTest
    @EnumSource
    void threeRunsOfASnapshotEachEndEqualToTheSource(Runner runner) {
        for (int run = 1; run <= 3; run++) {
            int next = 20_000 + run * 1_000;
            source.execute(
                    "drop table if exists orders_as_it_was, notes_as_it_was",
                    "create table orders_as_it_was as table orders",
                    "alter table orders_as_it_was alter id set not null, alter at set not null",
                    "create table notes_as_it_was as table notes");
            AT_THE_FIRST_BATCH.set(() -> insert(next - 999, next));
            try (SourceSnapshot snapshot = read(goOn(orders()), goOn(notes())).openSnapshot()) {
                assertThat(snapshot.plans().get(0).units(), run == 1 ? greaterThan(1L) : is(1L));
                run(runner, snapshot.read());
                for (int i = 0; i < 2; i++) {
                    String name = snapshot.plans().get(i).stream().name();
                    assertThat(
                            FINALIZED.get(name).position(),
                            is(snapshot.plans().get(i).position()));
                }
            }
            assertThat("run " + run, differences(source, "orders_as_it_was", target, "orders"), empty());
            assertThat("run " + run, differences(source, "notes_as_it_was", target, "notes"), empty());
        }
        run(runner, read(goOn(orders()), goOn(notes())));
        assertThat(differences(source, "orders", target, "orders"), empty());
        assertThat(differences(source, "notes", target, "notes"), empty());
    }

    @ParameterizedTest
    @EnumSource
    void runsThatPlanForThemselvesTellWhereTheyEnded(Runner runner) {
        for (int run = 1; run <= 3; run++) {
            run(runner, read(goOn(orders()), goOn(notes())));
            assertThat("run " + run, differences(source, "orders", target, "orders"), empty());
            assertThat("run " + run, differences(source, "notes", target, "notes"), empty());
            assertThat(FINALIZED.get("orders").position(), containsString("\"column\":\"at\""));
            insert(20_000 + run, 20_000 + run);
        }
    }

    @Test
    void streamsThatArriveEndSomewhereToo() {
        Runner runner = Runner.DIRECT;
        PTransform<PBegin, PCollection<ArrowBatch>> arriving = new PTransform<>() {
            private static final long serialVersionUID = 1L;

            @Override
            public PCollection<ArrowBatch> expand(PBegin begin) {
                return begin.apply(Create.of(goOn(notes())).withType(TypeDescriptor.of(StreamSpec.class)))
                        .apply(WasmIO.readAll()
                                .withConnector(ConnectorModule.bundled("source-postgres"))
                                .withConfig(PostgresCopy.json(source.config())));
            }
        };
        run(runner, arriving);
        insert(40_001, 41_000);
        run(runner, arriving);
        assertThat(differences(source, "notes", target, "notes"), empty());
    }

    @Test
    void aRunThatFailsEndsNowhere() {
        target.execute("create table notes (at date, note varchar(3))");
        assertThrows(RuntimeException.class, () -> run(Runner.DIRECT, read(notes())));
        assertThat(FINALIZED, anEmptyMap());
    }

    @Test
    void aStreamThatIsReadTwiceEndsAtNeitherOfTwoPlaces() {
        PTransform<PBegin, PCollection<ArrowBatch>> twice = new PTransform<>() {
            private static final long serialVersionUID = 1L;

            @Override
            public PCollection<ArrowBatch> expand(PBegin begin) {
                return PCollectionList.of(begin.apply("by at", read(orders())))
                        .and(begin.apply("by id", read(orders().withCursor("id", null))))
                        .apply(Flatten.pCollections());
            }
        };
        RuntimeException failure = assertThrows(RuntimeException.class, () -> run(Runner.DIRECT, twice));
        assertThat(
                ConnectorFailures.find(failure).orElseThrow().getMessage(),
                containsString("Stream orders was read twice in one run, up to two different positions."));
        assertThat(FINALIZED, anEmptyMap());
    }

    @Test
    void aWholeTableEndsNowhereInParticular() {
        run(Runner.DIRECT, read(StreamSpec.of("notes")));
        assertThat(FINALIZED.get("notes"), notNullValue());
        assertThat(FINALIZED.get("notes").position(), nullValue());
    }

    @Test
    void planningInsideASnapshotLeavesNoLocks() {
        try (SourceSnapshot snapshot = read(notes()).openSnapshot()) {
            assertThat(snapshot.isShared(), is(true));
            source.execute("set lock_timeout = '1s'", "alter table notes add column later integer");
            run(Runner.DIRECT, snapshot.read());
        }
        source.execute("alter table notes drop column later");
        assertThat(differences(source, "notes", target, "notes"), empty());
        assertThat(FINALIZED.get("notes").position(), not(nullValue()));
    }
}

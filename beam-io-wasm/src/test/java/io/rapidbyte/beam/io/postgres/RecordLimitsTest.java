// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.beam.io.ArrowBatch;
import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.beam.io.DeadLetter;
import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.beam.io.RunReport;
import io.rapidbyte.beam.io.SourceSnapshot;
import io.rapidbyte.beam.io.WasmIO;
import io.rapidbyte.beam.io.WasmReadResult;
import io.rapidbyte.beam.io.postgres.PostgresCopy.Runner;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Frame;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.ReadCallbacks;
import io.rapidbyte.wasm.RecordPolicy;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import io.rapidbyte.wasm.WriteMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How large batches, records and streams may be, and what becomes of records that are larger. */
@Timeout(120)
class RecordLimitsTest {
    private static final Queue<ArrowBatch> BATCHES = new ConcurrentLinkedQueue<>();
    private static final Queue<DeadLetter> LETTERS = new ConcurrentLinkedQueue<>();

    /** What a row of a bigint and a text takes beside the text: a count of fields, two lengths, the number. */
    private static final int AROUND_THE_TEXT = 2 + 4 + 8 + 4;

    private TestSchema source;
    private TestSchema target;

    private static final class Keep<T> extends DoFn<T, Void> {
        private static final long serialVersionUID = 1L;

        @ProcessElement
        public void process(@Element T element) {
            if (element instanceof DeadLetter letter) {
                LETTERS.add(letter);
            } else {
                BATCHES.add((ArrowBatch) element);
            }
        }
    }

    @BeforeEach
    void createSchemas() {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        BATCHES.clear();
        LETTERS.clear();
    }

    @AfterEach
    void dropSchemas() {
        target.close();
        source.close();
    }

    private WasmIO.Read read(Limits limits, StreamSpec stream) {
        return WasmIO.read()
                .withConnector(ConnectorModule.bundled("source-postgres"))
                .withConfig(PostgresCopy.json(source.config()))
                .withLimits(limits)
                .withStream(stream);
    }

    private static Limits limits() {
        return Limits.defaults().withMemoryBytes(256L << 20);
    }

    private PipelineResult write(Pipeline pipeline, PCollection<ArrowBatch> batches) {
        batches.apply(
                "write",
                WasmIO.write()
                        .withConnector(ConnectorModule.bundled("dest-postgres"))
                        .withConfig(PostgresCopy.json(target.config()))
                        .withLimits(limits())
                        .withWriteMode(WriteMode.REPLACE));
        PipelineResult result = pipeline.run();
        result.waitUntilFinish();
        return result;
    }

    private List<Integer> rowsOfBatches(WasmIO.Read read) {
        Pipeline pipeline = Pipeline.create(Runner.DIRECT.options());
        pipeline.apply(read).apply(ParDo.of(new Keep<>()));
        pipeline.run().waitUntilFinish();
        return BATCHES.stream().map(ArrowBatch::rows).toList();
    }

    private static int sum(List<Integer> numbers) {
        return numbers.stream().mapToInt(Integer::intValue).sum();
    }

    /** Rows 1 to 9; row 5 is one byte above a record of 100,000 bytes, row 6 exactly one. */
    private void createNineRows() {
        source.execute(
                "create table notes (id bigint primary key, note text)",
                "insert into notes select n, repeat('x', case n when 5 then 100001 when 6 then 100000 else 70 end - "
                        + AROUND_THE_TEXT + ") from generate_series(1, 9) n");
    }

    @Test
    void aBatchHasNoMoreRowsThanItMay() {
        source.execute("create table t as select n as id, 'note ' || n as note from generate_series(1, 10001) n");

        List<Integer> rows = rowsOfBatches(read(limits().withMaxBatchRows(64), StreamSpec.of("t")));

        assertThat(rows, everyItem(lessThanOrEqualTo(64)));
        assertThat(sum(rows), is(10001));
        assertThat(rows.size(), lessThan(10001 / 64 + 10));
    }

    @ParameterizedTest
    @EnumSource
    void aRecordOfExactlyTheLimitPassesAndALargerOneFailsTheRun(Runner runner) {
        createNineRows();
        Pipeline pipeline = Pipeline.create(runner.options());
        PCollection<ArrowBatch> batches =
                pipeline.apply(read(limits().withMaxRecordBytes(100_000), StreamSpec.of("notes")));

        RuntimeException thrown = assertThrows(RuntimeException.class, () -> write(pipeline, batches));

        ConnectorException failure = ConnectorFailures.find(thrown).orElseThrow(() -> thrown);
        assertThat(failure.error().code(), is("record_too_large"));
        assertThat(
                failure.getMessage(),
                allOf(containsString("stream 'notes'"), containsString("100001 bytes"), containsString("100000")));
        assertThat(failure.error().hint(), containsString("raise max_record_bytes"));
    }

    @ParameterizedTest
    @EnumSource
    void aLargerOneIsLeftOutAndCounted(Runner runner) {
        createNineRows();
        Pipeline pipeline = Pipeline.create(runner.options());

        PipelineResult result = write(
                pipeline,
                pipeline.apply(read(limits().withMaxRecordBytes(100_000), StreamSpec.of("notes"))
                        .withRecordPolicy(RecordPolicy.SKIP)));

        assertThat(target.value("select string_agg(id::text, ' ' order by id) from notes"), is("1 2 3 4 6 7 8 9"));
        assertThat(RunReport.of(result).streams().get("notes").get(RapidbyteMetrics.LARGE_RECORDS), is(1L));
    }

    @ParameterizedTest
    @EnumSource
    void aLargerOneBecomesADeadLetterWithItsKey(Runner runner) {
        createNineRows();
        Pipeline pipeline = Pipeline.create(runner.options());
        WasmReadResult read = pipeline.apply(read(limits().withMaxRecordBytes(100_000), StreamSpec.of("notes"))
                .withRunId("this-run")
                .withRecordPolicy(RecordPolicy.DLQ)
                .withDeadLetters());
        read.getDeadLetters().apply("letters", ParDo.of(new Keep<>()));

        PipelineResult result = write(pipeline, read.getBatches());

        assertThat(target.value("select string_agg(id::text, ' ' order by id) from notes"), is("1 2 3 4 6 7 8 9"));
        assertThat(LETTERS, hasSize(1));
        DeadLetter letter = LETTERS.peek();
        assertThat(
                letter,
                is(DeadLetter.of(
                        "this-run",
                        "notes",
                        "source-postgres",
                        0,
                        0,
                        "data",
                        "record_too_large",
                        "a row takes 100001 bytes, and max_record_bytes is 100000",
                        null,
                        "{\"id\":5}")));
        assertThat(RunReport.of(result).streams().get("notes").get(RapidbyteMetrics.DEAD_LETTERS), is(1L));
    }

    @Test
    void deadLettersNeedAPlaceToGo() {
        WasmIO.Read read = read(limits(), StreamSpec.of("notes")).withRecordPolicy(RecordPolicy.DLQ);

        IllegalArgumentException thrown = assertThrows(
                IllegalArgumentException.class,
                () -> Pipeline.create(Runner.DIRECT.options()).apply(read));

        assertThat(thrown.getMessage(), containsString("withDeadLetters()"));
    }

    /** The first row shares a message with the header of the data; keys behind the large value, and of several columns, are told too. */
    @Test
    void keysAreToldWhereverTheyAreInARow() {
        source.execute(
                "create table t (a text, note text, b uuid, c numeric(10,2), primary key (a, b, c))",
                "insert into t values ('it''s', repeat('x', 3000000), '11111111-2222-3333-4444-555555555555', 7.50),"
                        + " ('b', 'y', '11111111-2222-3333-4444-555555555555', 1)",
                "insert into t select 'c', repeat('x', 2000), '11111111-2222-3333-4444-555555555555', n from generate_series(1, 3) n");

        Read seen = readDirectly(limits().withMaxRecordBytes(1000).withLargeRecords(RecordPolicy.DLQ), "t");

        assertThat(seen.rows, is(1L));
        assertThat(seen.letters, hasSize(4));
        assertThat(
                seen.letters.get(0),
                containsString(
                        "\"record\":{\"a\":\"it's\",\"b\":\"11111111-2222-3333-4444-555555555555\",\"c\":\"7.50\"}"));
        assertThat(seen.letters.get(3), containsString("\"c\":\"3.00\""));
    }

    @Test
    void aRowThatIsTooLargeOnlyInABatchIsLeftOutToo() {
        source.execute(
                "create table t (id integer primary key, n numeric)",
                "insert into t values (1, 1), (2, ('1e' || 5000)::numeric), (3, 3)");

        Read seen = readDirectly(limits().withMaxRecordBytes(1000).withLargeRecords(RecordPolicy.DLQ), "t");

        assertThat(seen.rows, is(2L));
        assertThat(seen.letters, hasSize(1));
        assertThat(seen.letters.get(0), containsString("\"record\":{\"id\":2}"));
    }

    @Test
    void aUnitThatIsReadAgainYieldsTheSameBatchesAndLetters() {
        source.execute(
                "create table t (id integer primary key, note text)",
                "insert into t select n, repeat('x', case when n % 37 = 0 then 5000 else n % 500 end) from generate_series(1, 20000) n");
        Limits limits =
                limits().withMaxBatchBytes(50_000).withMaxRecordBytes(4000).withLargeRecords(RecordPolicy.DLQ);

        Read first = readDirectly(limits, "t");
        Read second = readDirectly(limits, "t");

        assertThat(first.letters, hasSize(20000 / 37));
        assertThat(second.letters, is(first.letters));
        assertThat(first.frames.size(), greaterThan(50));
        assertThat(second.frames.size(), is(first.frames.size()));
        for (int i = 0; i < first.frames.size(); i++) {
            assertThat("batch " + i, Arrays.equals(first.frames.get(i), second.frames.get(i)), is(true));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aStreamEndsAfterSoManyRecords(Runner runner) {
        source.execute(
                "create table t (id integer, note text) partition by range (id)",
                "create table t1 partition of t for values from (0) to (30000)",
                "create table t2 partition of t for values from (30000) to (1000000)",
                "insert into t select n, repeat('x', 100) from generate_series(1, 60000) n");
        Pipeline pipeline = Pipeline.create(runner.options());
        WasmIO.Read read = read(limits(), StreamSpec.of("t").withMaxRecords(40_001L));
        try (SourceSnapshot snapshot = read.openSnapshot()) {
            source.execute("delete from t");
            write(pipeline, pipeline.apply(snapshot.read()));
        }

        assertThat(target.value("select count(*) || ' ' || count(distinct id) from t"), is("40001 40001"));
    }

    @Test
    void aStreamOfFewerRecordsThanItMayHaveIsReadWhole() {
        createNineRows();

        List<Integer> rows = rowsOfBatches(
                read(limits(), StreamSpec.of("notes").withPartitionKey("id").withMaxRecords(10L)));

        assertThat(sum(rows), is(9));
        assertThat(
                assertThrows(
                                IllegalArgumentException.class,
                                () -> StreamSpec.of("t").withMaxRecords(0L))
                        .getMessage(),
                containsString("Stream t is to be read up to 0 records"));
    }

    /** The largest record of the default limit, through both connectors, in the memory that they have by default. */
    @Test
    void theDefaultLimitCanBeReached() {
        long most = Limits.defaults().maxRecordBytes();
        source.execute(
                "create table t (id bigint primary key, note text)",
                "insert into t values (1, 'before'), (2, repeat('x', " + (most - AROUND_THE_TEXT) + ")), (3, 'after')",
                "insert into t values (4, repeat('y', " + (most - AROUND_THE_TEXT + 1) + "))");
        Pipeline pipeline = Pipeline.create(Runner.FLINK.options());

        write(pipeline, pipeline.apply(read(limits(), StreamSpec.of("t")).withRecordPolicy(RecordPolicy.SKIP)));

        assertThat(
                target.query("select count(*), sum(length(note)), max(md5(note)) filter (where id = 2) from t"),
                is(
                        source.query(
                                "select count(*), sum(length(note)), max(md5(note)) filter (where id = 2) from t where id < 4")));
    }

    /** Values out of line leave room for hundreds of rows in a block, which can be gigabytes: more than a bundle should hold. */
    @ParameterizedTest
    @EnumSource
    void aBlockOfManyBytesIsReadInSlices(Runner runner) {
        source.execute(
                "create table t (id bigint, payload bytea)",
                "alter table t alter payload set storage external",
                "insert into t select n, convert_to(repeat(md5(n::text), 3000), 'UTF8') from generate_series(1, 500) n",
                "delete from t where id % 7 = 0",
                "update t set id = -id where id % 5 = 0");
        Pipeline pipeline = Pipeline.create(runner.options());
        try (SourceSnapshot snapshot = read(limits(), StreamSpec.of("t")).openSnapshot()) {
            write(pipeline, pipeline.apply(snapshot.read()));
        }

        assertThat(plan("t").unitKind(), is("heap_block_slices"));
        assertThat(differences(source, "t", target, "t"), empty());
    }

    /** What is stored compressed is sent as it was, and is planned for as such. */
    @Test
    void unitsAreMadeForTheBytesThatAreSent() {
        source.execute(
                "create table t (id bigint, payload text)",
                "insert into t select n, repeat(md5(n::text), 150000) from generate_series(1, 60) n",
                "analyze t");

        StreamPlan plan = plan("t");

        assertThat(plan.unitKind(), is("heap_block_slices"));
        assertThat(plan.estimatedBytes(), greaterThan(60 * 4_700_000L));
        assertThat(readDirectly(limits(), "t").rows, is(60L));
    }

    private StreamPlan plan(String table) {
        try (SourceConnector connector = PostgresCopy.openSource(source.config())) {
            return connector.plan(StreamSpec.of(table));
        }
    }

    /** What an instance by itself makes of a table. */
    private static final class Read implements ReadCallbacks {
        private final List<byte[]> frames = new ArrayList<>();
        private final List<String> letters = new ArrayList<>();
        private long rows;
        private long memory;

        @Override
        public boolean claim(long unit) {
            return true;
        }

        @Override
        public void emit(Frame frame) {
            frames.add(frame.bytes());
            rows += frame.rows();
        }

        @Override
        public boolean deadLetter(String json) {
            letters.add(json);
            return true;
        }
    }

    private Read readDirectly(Limits limits, String table) {
        Read read = new Read();
        try (SourceConnector connector = WasmHost.shared()
                .openSource(
                        ConnectorModule.bundled("source-postgres"),
                        PostgresCopy.json(source.config()),
                        InstanceOptions.of("test").withLimits(limits))) {
            StreamPlan plan = connector.plan(StreamSpec.of(table));
            connector.read(plan, 0, plan.units(), read);
            read.memory = connector.memoryBytes();
        }
        return read;
    }

    @Test
    void theMemoryOfASourceDoesNotGrowWithTheTable() {
        source.execute(
                "create table few as select n as id, md5(n::text) as note, n * 0.01 as amount from generate_series(1, 100000) n",
                "create table many as select n as id, md5(n::text) as note, n * 0.01 as amount from generate_series(1, 1000000) n");

        // How much a socket yields at once differs from time to time, and the least that memory grows by with it.
        assertThat(readDirectly(limits(), "many").memory, lessThan(readDirectly(limits(), "few").memory + (1 << 20)));
    }

    /** Received and put into a frame, a wide row is in the source's memory twice; what is left out is never there as a whole. */
    @Test
    void theMemoryOfASourceIsTwiceItsWidestRow() {
        source.execute(
                "create table t (id bigint primary key, note text)",
                "insert into t select n, repeat('x', 20000000) from generate_series(1, 4) n");

        Read whole = readDirectly(limits(), "t");
        Read without = readDirectly(limits().withMaxRecordBytes(1 << 20).withLargeRecords(RecordPolicy.SKIP), "t");

        assertThat(whole.rows, is(4L));
        assertThat(whole.memory, lessThan(2 * 20_000_000L + (8 << 20)));
        assertThat(without.rows, is(0L));
        assertThat(without.memory, lessThan(8L << 20));
    }
}

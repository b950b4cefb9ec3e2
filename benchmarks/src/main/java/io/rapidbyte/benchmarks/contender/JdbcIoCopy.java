// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.contender;

import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.io.jdbc.JdbcIO;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.values.Row;
import org.joda.time.ReadableInstant;

/** Beam's own JdbcIO, in three ways. */
public final class JdbcIoCopy implements Contender {
    /** How it reads, and what is tuned. */
    private enum Way {
        TUNED(
                "jdbcio",
                "Beam JdbcIO at its best: readWithPartitions in 8, fetch size 10,000, rewritten inserts of 5,000, checks off"),
        PARTITIONS_BY_DEFAULT(
                "jdbcio-partitions-default",
                "Beam JdbcIO readWithPartitions and write with nothing set that need not be"),
        READ_ROWS(
                "jdbcio-readrows",
                "Beam JdbcIO readRows at its best: fetch size 10,000, no reshuffle, rewritten inserts of 5,000, checks off");

        private final String name;
        private final String description;

        Way(String name, String description) {
            this.name = name;
            this.description = description;
        }
    }

    private static final int BATCH_ROWS = 5_000;
    private static final int FETCH_ROWS = 10_000;
    private static final int PARTITIONS = 8;

    private final Way way;

    private JdbcIoCopy(Way way) {
        this.way = way;
    }

    /** With the best settings found for it, over partitions of the numeric key {@code id}. */
    public static JdbcIoCopy tuned() {
        return new JdbcIoCopy(Way.TUNED);
    }

    /** With partitions, and everything else as a user gets it. */
    public static JdbcIoCopy withPartitionsByDefault() {
        return new JdbcIoCopy(Way.PARTITIONS_BY_DEFAULT);
    }

    /** With one query, tuned. */
    public static JdbcIoCopy readRows() {
        return new JdbcIoCopy(Way.READ_ROWS);
    }

    @Override
    public String name() {
        return way.name;
    }

    @Override
    public String description() {
        return way.description;
    }

    @Override
    public Set<Setting> settings() {
        return way == Way.PARTITIONS_BY_DEFAULT
                ? Set.of(Setting.RUNNER, Setting.HEAP, Setting.JAVA_OPTIONS)
                : Set.of(
                        Setting.RUNNER,
                        Setting.PARTITIONS,
                        Setting.BATCH_ROWS,
                        Setting.FETCH_ROWS,
                        Setting.HEAP,
                        Setting.JAVA_OPTIONS);
    }

    @Override
    public Outcome copy(TableCopy copy, Settings settings) throws SQLException {
        boolean tuned = way != Way.PARTITIONS_BY_DEFAULT;
        String runner = settings.text(Setting.RUNNER).orElse("direct");
        JdbcIO.DataSourceConfiguration database = JdbcIO.DataSourceConfiguration.create(
                        "org.postgresql.Driver", copy.jdbcUrl() + (tuned ? "?reWriteBatchedInserts=true" : ""))
                .withUsername(copy.user())
                .withPassword(copy.password());
        RowsAsObjects mapper = RowsAsObjects.of(copy);

        Pipeline pipeline = Pipeline.create(options(runner, tuned));
        String insert = mapper.insert(copy.target());
        switch (way) {
            case TUNED -> copyPartitions(pipeline, copy, database, mapper, settings);
            case PARTITIONS_BY_DEFAULT -> copyPartitionsByDefault(pipeline, copy, database, insert);
            case READ_ROWS -> copyRows(pipeline, copy, database, insert, settings);
            default -> throw new IllegalStateException("no such way: " + way);
        }
        pipeline.run().waitUntilFinish();
        return Outcome.of(runner);
    }

    private void copyRows(
            Pipeline pipeline,
            TableCopy copy,
            JdbcIO.DataSourceConfiguration database,
            String insert,
            Settings settings) {
        pipeline.apply(
                        "read",
                        JdbcIO.readRows()
                                .withDataSourceConfiguration(database)
                                .withQuery("SELECT * FROM " + copy.source())
                                .withFetchSize(
                                        settings.number(Setting.FETCH_ROWS).orElse(FETCH_ROWS))
                                .withOutputParallelization(false))
                .apply(
                        "write",
                        writeRows(database, insert)
                                .withBatchSize(
                                        settings.number(Setting.BATCH_ROWS).orElse(BATCH_ROWS)));
    }

    private static void copyPartitionsByDefault(
            Pipeline pipeline, TableCopy copy, JdbcIO.DataSourceConfiguration database, String insert) {
        pipeline.apply(
                        "read",
                        JdbcIO.<Row>readWithPartitions()
                                .withDataSourceConfiguration(database)
                                .withTable(copy.source())
                                .withPartitionColumn("id")
                                .withRowOutput())
                .apply("write", writeRows(database, insert));
    }

    private static JdbcIO.Write<Row> writeRows(JdbcIO.DataSourceConfiguration database, String insert) {
        return JdbcIO.<Row>write()
                .withDataSourceConfiguration(database)
                .withStatement(insert)
                .withPreparedStatementSetter((row, statement) -> {
                    List<Object> values = new ArrayList<>(row.getValues());
                    values.replaceAll(value ->
                            value instanceof ReadableInstant instant ? new Timestamp(instant.getMillis()) : value);
                    RowsAsObjects.bind(values, statement);
                });
    }

    private void copyPartitions(
            Pipeline pipeline,
            TableCopy copy,
            JdbcIO.DataSourceConfiguration database,
            RowsAsObjects mapper,
            Settings settings) {
        pipeline.getCoderRegistry()
                .registerCoderForClass(RowsAsObjects.Values.class, SerializableCoder.of(RowsAsObjects.Values.class));
        pipeline.apply(
                        "read",
                        JdbcIO.<RowsAsObjects.Values>readWithPartitions()
                                .withDataSourceConfiguration(database)
                                .withTable(copy.source())
                                .withPartitionColumn("id")
                                .withFetchSize(
                                        settings.number(Setting.FETCH_ROWS).orElse(FETCH_ROWS))
                                .withNumPartitions(
                                        settings.number(Setting.PARTITIONS).orElse(PARTITIONS))
                                .withRowMapper(mapper))
                .apply(
                        "write",
                        JdbcIO.<RowsAsObjects.Values>write()
                                .withDataSourceConfiguration(database)
                                .withStatement(mapper.insert(copy.target()))
                                .withBatchSize(
                                        settings.number(Setting.BATCH_ROWS).orElse(BATCH_ROWS))
                                .withPreparedStatementSetter(RowsAsObjects::bind));
    }

    private static PipelineOptions options(String runner, boolean tuned) {
        if (runner.equals("flink")) {
            return PipelineOptionsFactory.fromArgs("--runner=FlinkRunner", "--flinkMaster=[local]", "--parallelism=2")
                    .create();
        }
        return tuned
                ? PipelineOptionsFactory.fromArgs(
                                "--runner=DirectRunner", "--enforceImmutability=false", "--enforceEncodability=false")
                        .create()
                : PipelineOptionsFactory.fromArgs("--runner=DirectRunner").create();
    }
}

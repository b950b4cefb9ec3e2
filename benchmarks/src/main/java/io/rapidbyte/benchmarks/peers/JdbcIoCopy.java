// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.peers;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.io.jdbc.JdbcIO;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/**
 * Beam's own JdbcIO on the Direct runner, with the best settings found for it: rewritten batch inserts of 5,000 rows, a fetch size
 * of 10,000, eight partitions over the numeric key {@code id}, and the runner's checks off.
 */
public final class JdbcIoCopy implements Contender {
    private static final int BATCH_ROWS = 5_000;
    private static final int FETCH_ROWS = 10_000;
    private static final int PARTITIONS = 8;

    @Override
    public String name() {
        return "Beam JdbcIO, tuned";
    }

    @Override
    public void copy(TableCopy copy) throws SQLException {
        List<String> types = columnTypes(copy);
        String placeholders = types.stream().map(type -> "?::" + type).collect(Collectors.joining(", "));
        JdbcIO.DataSourceConfiguration database = JdbcIO.DataSourceConfiguration.create(
                        "org.postgresql.Driver", copy.jdbcUrl() + "?reWriteBatchedInserts=true")
                .withUsername(copy.user())
                .withPassword(copy.password());

        Pipeline pipeline = Pipeline.create(PipelineOptionsFactory.fromArgs(
                        "--runner=DirectRunner", "--enforceImmutability=false", "--enforceEncodability=false")
                .create());
        pipeline.getCoderRegistry().registerCoderForClass(Object[].class, SerializableCoder.of(Object[].class));
        pipeline.apply(
                        "read",
                        JdbcIO.<Object[]>readWithPartitions()
                                .withDataSourceConfiguration(database)
                                .withTable(copy.source())
                                .withPartitionColumn("id")
                                .withNumPartitions(PARTITIONS)
                                .withFetchSize(FETCH_ROWS)
                                .withRowMapper(new ToObjects()))
                .apply(
                        "write",
                        JdbcIO.<Object[]>write()
                                .withDataSourceConfiguration(database)
                                .withStatement("INSERT INTO " + copy.target() + " VALUES (" + placeholders + ")")
                                .withBatchSize(BATCH_ROWS)
                                .withPreparedStatementSetter((row, statement) -> {
                                    for (int i = 0; i < row.length; i++) {
                                        statement.setObject(i + 1, row[i]);
                                    }
                                }));
        pipeline.run().waitUntilFinish();
    }

    private static List<String> columnTypes(TableCopy copy) throws SQLException {
        try (Connection connection = copy.connect();
                var statement = connection.prepareStatement("SELECT format_type(atttypid, NULL) FROM pg_attribute"
                        + " WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum")) {
            statement.setString(1, copy.source());
            List<String> types = new ArrayList<>();
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    types.add(result.getString(1));
                }
            }
            return types;
        }
    }

    /** Values as the driver has them; what it has no Java class for (json, uuid) as text. */
    private static final class ToObjects implements JdbcIO.RowMapper<Object[]> {
        @Override
        public Object[] mapRow(ResultSet result) throws SQLException {
            int columns = result.getMetaData().getColumnCount();
            Object[] row = new Object[columns];
            for (int i = 0; i < columns; i++) {
                Object value = result.getObject(i + 1);
                row[i] = value instanceof org.postgresql.util.PGobject ? value.toString() : value;
            }
            return row;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Runs statements in the words of a dialect: <code>{runs}</code> stands for a table, <code>{!sequence}</code> and <code>{!timestamp}</code> for a
 * type, <code>{!locked}</code> for what ends a query that locks its rows.
 */
final class Statements {
    private static final Pattern TABLE = Pattern.compile("\\{([a-z_]+)\\}");

    private final Dialect dialect;
    private final Connection connection;

    Statements(Dialect dialect, Connection connection) {
        this.dialect = dialect;
        this.connection = connection;
    }

    /** Reads one row of a result. */
    interface RowReader<T> {
        T read(Row row) throws SQLException;
    }

    /** The current row of a result, by the names of its columns. */
    static final class Row {
        private final Dialect dialect;
        private final ResultSet result;

        Row(Dialect dialect, ResultSet result) {
            this.dialect = dialect;
            this.result = result;
        }

        String text(String column) throws SQLException {
            return result.getString(column);
        }

        long number(String column) throws SQLException {
            return result.getLong(column);
        }

        double real(String column) throws SQLException {
            return result.getDouble(column);
        }

        Instant instant(String column) throws SQLException {
            return dialect.instant(result, column);
        }

        <E extends Enum<E>> E word(Class<E> type, String column) throws SQLException {
            return Enum.valueOf(type, result.getString(column));
        }
    }

    /** Runs a statement and returns how many rows it has changed. */
    int update(String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(translated(sql))) {
            bind(statement, values);
            return statement.executeUpdate();
        }
    }

    /** Runs a statement once for each of the rows of values. */
    void updateEach(String sql, List<Object[]> rows) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(translated(sql))) {
            for (Object[] values : rows) {
                bind(statement, values);
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    /** Returns the rows of a query. */
    <T> List<T> query(String sql, RowReader<T> reader, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(translated(sql))) {
            bind(statement, values);
            List<T> rows = new ArrayList<>();
            try (ResultSet result = statement.executeQuery()) {
                Row row = new Row(dialect, result);
                while (result.next()) {
                    rows.add(reader.read(row));
                }
            }
            return rows;
        }
    }

    private String translated(String sql) {
        String typed = sql.replace("{!sequence}", dialect.sequenceType())
                .replace("{!timestamp}", dialect.timestampType())
                .replace("{!locked}", dialect.rowLock());
        return TABLE.matcher(typed).replaceAll(table -> dialect.table(table.group(1)));
    }

    private void bind(PreparedStatement statement, Object[] values) throws SQLException {
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, bound(values[i]));
        }
    }

    private Object bound(Object value) {
        if (value instanceof Instant instant) {
            return dialect.timestamp(instant);
        }
        if (value instanceof Enum<?> word) {
            return word.name();
        }
        // Postgres takes no such character in a text; a message of a connector can have one.
        return value instanceof String text ? text.replace('\0', '\uFFFD') : value;
    }
}

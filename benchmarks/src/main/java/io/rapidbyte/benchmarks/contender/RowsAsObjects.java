// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.contender;

import java.io.Serializable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.beam.sdk.io.jdbc.JdbcIO;
import org.postgresql.util.PGobject;

/** Rows as JDBC has them: values as the driver makes them; what it has no Java class for (json, uuid) as text. */
final class RowsAsObjects implements JdbcIO.RowMapper<RowsAsObjects.Values> {
    private static final long serialVersionUID = 1L;

    /**
     * A row. Equal to one with equal values: the Direct runner's checks warn, row by row, of elements that are not.
     *
     * @param all in the order of the columns
     */
    record Values(ArrayList<Object> all) implements Serializable {}

    private final ArrayList<String> types;

    private RowsAsObjects(List<String> types) {
        this.types = new ArrayList<>(types);
    }

    static RowsAsObjects of(TableCopy copy) throws SQLException {
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
            return new RowsAsObjects(types);
        }
    }

    String insert(String target) {
        return "INSERT INTO " + target + " VALUES ("
                + types.stream().map(type -> "?::" + type).collect(Collectors.joining(", ")) + ")";
    }

    @Override
    public Values mapRow(ResultSet result) throws SQLException {
        ArrayList<Object> row = new ArrayList<>(types.size());
        for (int i = 1; i <= types.size(); i++) {
            Object value = result.getObject(i);
            row.add(value instanceof PGobject ? value.toString() : value);
        }
        return new Values(row);
    }

    static void bind(Values row, PreparedStatement statement) throws SQLException {
        bind(row.all, statement);
    }

    static void bind(List<Object> row, PreparedStatement statement) throws SQLException {
        for (int i = 0; i < row.size(); i++) {
            statement.setObject(i + 1, row.get(i));
        }
    }
}

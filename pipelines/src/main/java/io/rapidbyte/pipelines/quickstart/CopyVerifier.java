// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.quickstart;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Compares tables with their copies in the database itself, where no code of ours can hide a difference: names and types of
 * the columns, the number of rows, and a checksum of their content.
 *
 * <p>The checksum is the sum of a 64-bit hash of each row's text form: independent of the order of the rows, sensitive to
 * a row that is there twice, and exact, because the text form of every type tells all of its values apart.
 */
public final class CopyVerifier {
    private final Connection connection;

    /** Compares through a connection that the caller keeps and closes. */
    public CopyVerifier(Connection connection) {
        this.connection = connection;
    }

    /**
     * What the comparison of one table found.
     *
     * @param table the table's name
     * @param rows rows of the source
     * @param checksum the checksum of the source's content
     * @param differences one sentence each; empty when the tables are equal
     */
    public record Verdict(String table, long rows, BigDecimal checksum, List<String> differences) {
        public Verdict {
            differences = List.copyOf(differences);
        }

        /** Whether the copy equals the source. */
        public boolean equal() {
            return differences.isEmpty();
        }
    }

    /**
     * What a table is, as far as the comparison looks.
     *
     * @param columns their names and types in order; empty for a table that is not there
     * @param rows how many
     * @param checksum of the content
     */
    public record Fingerprint(List<String> columns, long rows, BigDecimal checksum) {
        public Fingerprint {
            columns = List.copyOf(columns);
        }
    }

    /** Looks at one table. */
    public Fingerprint fingerprint(String schema, String table) throws SQLException {
        setForms();
        List<String> columns = columns(schema, table);
        if (columns.isEmpty()) {
            return new Fingerprint(columns, 0, BigDecimal.ZERO);
        }
        Content content = content(schema, table);
        return new Fingerprint(columns, content.rows, content.checksum);
    }

    /** Compares one table in two schemas. */
    public Verdict compare(String sourceSchema, String targetSchema, String table) throws SQLException {
        return compare(fingerprint(sourceSchema, table), targetSchema, table);
    }

    /** Compares a table with what another one was found to be. */
    public Verdict compare(Fingerprint source, String targetSchema, String table) throws SQLException {
        Fingerprint target = fingerprint(targetSchema, table);
        if (target.columns.isEmpty()) {
            return new Verdict(
                    table, source.rows, source.checksum, List.of("there is no table " + targetSchema + "." + table));
        }
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < Math.max(source.columns.size(), target.columns.size()); i++) {
            String was = i < source.columns.size() ? source.columns.get(i) : "absent";
            String is = i < target.columns.size() ? target.columns.get(i) : "absent";
            if (!was.equals(is)) {
                differences.add("column " + (i + 1) + " is " + is + " instead of " + was);
            }
        }
        if (source.rows != target.rows) {
            differences.add("%,d rows instead of %,d".formatted(target.rows, source.rows));
        } else if (!source.checksum.equals(target.checksum)) {
            differences.add("the number of rows is right, their content differs");
        }
        return new Verdict(table, source.rows, source.checksum, differences);
    }

    private void setForms() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            // What the text form of a value depends on.
            statement.execute("SET timezone = 'UTC'");
            statement.execute("SET datestyle = 'ISO, YMD'");
            statement.execute("SET extra_float_digits = 3");
            statement.execute("SET bytea_output = 'hex'");
            statement.execute("SET intervalstyle = 'postgres'");
        }
    }

    private List<String> columns(String schema, String table) throws SQLException {
        String sql = """
                SELECT quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = ? AND c.relname = ? AND a.attnum > 0 AND NOT a.attisdropped
                ORDER BY a.attnum
                """;
        try (PreparedStatement query = connection.prepareStatement(sql)) {
            query.setString(1, schema);
            query.setString(2, table);
            List<String> columns = new ArrayList<>();
            try (ResultSet result = query.executeQuery()) {
                while (result.next()) {
                    columns.add(result.getString(1));
                }
            }
            return columns;
        }
    }

    private record Content(long rows, BigDecimal checksum) {}

    private Content content(String schema, String table) throws SQLException {
        String name = quoted(schema) + "." + quoted(table);
        String sql = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM " + name + " t";
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return new Content(result.getLong(1), result.getBigDecimal(2));
        }
    }

    private static String quoted(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Compares two tables of the shared server in SQL, where no client can hide a difference. */
public final class TableComparison {
    private TableComparison() {}

    /**
     * What differs between two tables: columns (name, order, full type, nullability), number of rows, and rows that are on one side
     * more often than on the other. Values are compared by their text form, which is exact for every type.
     *
     * @return one sentence for each difference; empty when the tables are equal
     */
    public static List<String> differences(
            TestSchema source, String sourceTable, TestSchema target, String targetTable) {
        List<String> sourceColumns = columns(source, sourceTable);
        List<String> targetColumns = columns(target, targetTable);
        if (targetColumns.isEmpty() && !target.relations().contains(targetTable)) {
            return List.of("the target has no table " + targetTable);
        }
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < Math.max(sourceColumns.size(), targetColumns.size()); i++) {
            String expected = i < sourceColumns.size() ? sourceColumns.get(i) : "no column";
            String actual = i < targetColumns.size() ? targetColumns.get(i) : "no column";
            if (!expected.equals(actual)) {
                differences.add("column " + (i + 1) + " should be " + expected + " and is " + actual);
            }
        }
        if (!differences.isEmpty()) {
            return differences;
        }
        String from = source.quoted() + "." + TestSchema.quote(sourceTable);
        String to = target.quoted() + "." + TestSchema.quote(targetTable);
        String expectedRows = source.value("SELECT count(*) FROM " + from);
        String actualRows = source.value("SELECT count(*) FROM " + to);
        if (!expectedRows.equals(actualRows)) {
            differences.add("there should be " + expectedRows + " rows and there are " + actualRows);
        }
        String values = columnNames(source, sourceTable).stream()
                .map(column -> TestSchema.quote(column) + "::text")
                .collect(Collectors.joining(", "));
        if (!values.isEmpty()) {
            String missing = "SELECT " + values + " FROM " + from + " EXCEPT ALL SELECT " + values + " FROM " + to;
            String surplus = "SELECT " + values + " FROM " + to + " EXCEPT ALL SELECT " + values + " FROM " + from;
            source.query("SELECT * FROM (" + missing + ") m LIMIT 5")
                    .forEach(row -> differences.add("lost: " + cut(row)));
            source.query("SELECT * FROM (" + surplus + ") s LIMIT 5")
                    .forEach(row -> differences.add("added: " + cut(row)));
        }
        return differences;
    }

    private static List<String> columns(TestSchema schema, String table) {
        return schema.query("SELECT quote_ident(attname) || ' ' || format_type(atttypid, atttypmod)"
                + " || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END" + attributesOf(schema, table));
    }

    private static List<String> columnNames(TestSchema schema, String table) {
        return schema.query("SELECT attname" + attributesOf(schema, table));
    }

    private static String attributesOf(TestSchema schema, String table) {
        String regclass = schema.quoted() + "." + TestSchema.quote(table);
        // With an empty search path the server qualifies every type outside of its own schema.
        return " FROM set_config('search_path', '', false), pg_attribute WHERE attrelid = to_regclass('"
                + regclass.replace("'", "''") + "') AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
    }

    private static String cut(String row) {
        return row.length() <= 400 ? row : row.substring(0, 400) + "… (" + row.length() + " characters)";
    }
}

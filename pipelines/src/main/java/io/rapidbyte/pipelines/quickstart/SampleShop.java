// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.quickstart;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The sample database: a shop with customers, products, orders and events, and a gallery of types whose rows are edge
 * values. The server makes the rows itself, and makes the same ones every time.
 */
public final class SampleShop {
    /** The schema with the tables. */
    public static final String SCHEMA = "shop";

    /** The schema that receives the copy. */
    public static final String COPY = "shop_copy";

    private SampleShop() {}

    /** Returns the tables and their sizes when the largest has so many rows, the largest first. */
    static Map<String, Long> sizes(long rows) {
        Map<String, Long> sizes = new LinkedHashMap<>();
        sizes.put("events", rows);
        sizes.put("order_items", Math.max(10, rows / 4));
        sizes.put("orders", Math.max(5, rows / 10));
        sizes.put("customers", Math.max(5, rows / 20));
        sizes.put("products", Math.max(5, rows / 200));
        return sizes;
    }

    /** Returns the names of all tables, the largest first and the gallery of types last. */
    public static List<String> tables() {
        List<String> tables = new ArrayList<>(sizes(0).keySet());
        tables.add("type_gallery");
        return tables;
    }

    /**
     * Creates and fills the tables.
     *
     * @param rows of the largest table; the others have a fixed share of it
     * @throws SQLException when the server refuses a statement
     */
    public static void create(EmbeddedServer server, long rows) throws SQLException, InterruptedException {
        Map<String, Long> sizes = sizes(rows);
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE SCHEMA " + SCHEMA);
        }
        // Two sessions, because a session fills its tables on one processor: the largest table in one, the rest in the
        // other.
        ExecutorService sessions = Executors.newFixedThreadPool(2);
        try {
            List<Future<?>> fills = new ArrayList<>();
            fills.add(sessions.submit(() -> fill(server, List.of("events"), sizes)));
            List<String> others = new ArrayList<>(tables());
            others.remove("events");
            fills.add(sessions.submit(() -> fill(server, others, sizes)));
            for (Future<?> fill : fills) {
                fill.get();
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof SQLException refused ? refused : new SQLException(e.getCause());
        } finally {
            sessions.shutdownNow();
        }
    }

    private static Void fill(EmbeddedServer server, List<String> tables, Map<String, Long> sizes) throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("SET search_path = " + SCHEMA);
            statement.execute("SET timezone = 'UTC'");
            for (String table : tables) {
                for (String sql : statements(table, sizes)) {
                    statement.execute(sql);
                }
            }
            // In the transaction that created them: their pages need no write-ahead log then.
            connection.commit();
            connection.setAutoCommit(true);
            for (String table : tables) {
                // Also sets the hint bits and the visibility map, which the first reader would otherwise pay for.
                statement.execute("VACUUM (ANALYZE) " + table);
            }
        }
        return null;
    }

    private static List<String> statements(String table, Map<String, Long> sizes) {
        String script = script(table + ".sql");
        for (Map.Entry<String, Long> size : sizes.entrySet()) {
            script = script.replace(":" + size.getKey(), size.getValue().toString());
        }
        return Arrays.stream(script.split(";\\s*\\n"))
                .filter(each -> !each.isBlank())
                .toList();
    }

    private static String script(String name) {
        try (InputStream in = SampleShop.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("the script " + name + " is missing from this build", e);
        }
    }
}

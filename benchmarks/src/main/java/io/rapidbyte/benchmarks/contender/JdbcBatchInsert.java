// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.contender;

import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;

/** Plain JDBC as a programmer writes it: a result set read by a cursor, and rewritten batch inserts, on one thread. */
public final class JdbcBatchInsert implements Contender {
    @Override
    public String name() {
        return "jdbc-insert";
    }

    @Override
    public String description() {
        return "JDBC, result set into rewritten batch inserts";
    }

    @Override
    public Set<Setting> settings() {
        return Set.of(Setting.BATCH_ROWS, Setting.FETCH_ROWS, Setting.HEAP, Setting.JAVA_OPTIONS);
    }

    @Override
    public Outcome copy(TableCopy copy, Settings settings) throws SQLException {
        int batchRows = settings.number(Setting.BATCH_ROWS).orElse(5_000);
        RowsAsObjects rows = RowsAsObjects.of(copy);
        try (Connection from = copy.connect();
                Connection to = DriverManager.getConnection(
                        copy.jdbcUrl() + "?reWriteBatchedInserts=true", copy.user(), copy.password());
                Statement select = from.createStatement();
                PreparedStatement insert = to.prepareStatement(rows.insert(copy.target()))) {
            from.setAutoCommit(false);
            to.setAutoCommit(false);
            select.setFetchSize(settings.number(Setting.FETCH_ROWS).orElse(10_000));
            int waiting = 0;
            try (ResultSet result = select.executeQuery("SELECT * FROM " + copy.source())) {
                while (result.next()) {
                    RowsAsObjects.bind(rows.mapRow(result), insert);
                    insert.addBatch();
                    if (++waiting == batchRows) {
                        insert.executeBatch();
                        waiting = 0;
                    }
                }
            }
            insert.executeBatch();
            to.commit();
        }
        return Outcome.PLAIN;
    }
}

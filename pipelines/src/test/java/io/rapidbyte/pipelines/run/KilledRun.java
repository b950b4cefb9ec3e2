// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.state.StateLocation;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * A process that runs a pipeline and dies without a word at a moment that is named, as if by SIGKILL. Its arguments: the pipeline file, the state's
 * file, the moment, the JDBC URL of the target's server, the ledger, and how many rows there are.
 */
final class KilledRun {
    /** What the process ends with. */
    static final int EXIT_CODE = 137;

    /** When it dies. */
    enum Moment {
        /** What is going to be done is written down, and nothing of it is done. */
        PLANNED,
        /** A part of the batches is committed. */
        SOME_COMMITTED,
        /** All rows are where they belong, or beside it, and the end may be written down or not. */
        ALL_COMMITTED,
        /** The stream is complete in its target, and that is not written down. */
        FINALIZED
    }

    private final String url;
    private final String ledger;
    private final long rows;

    private KilledRun(String url, String ledger, long rows) {
        this.url = url;
        this.ledger = ledger;
        this.rows = rows;
    }

    public static void main(String[] arguments) {
        Path file = Path.of(arguments[0]);
        Path state = Path.of(arguments[1]);
        Moment moment = Moment.valueOf(arguments[2]);
        KilledRun run = new KilledRun(arguments[3], arguments[4], Long.parseLong(arguments[5]));
        PreparedPipeline pipeline = PreparedPipeline.prepare(
                PipelineFile.read(file, System::getenv), new ConnectorResolver(System::getenv));
        RunOptions options = new RunOptions(RunnerKind.DIRECT, run.listener(moment, state))
                .withState(new StateLocation(StateLocation.Backend.SQLITE, state.toString()));
        PipelineRun.run(pipeline, options);
    }

    private ProgressListener listener(Moment moment, Path state) {
        return new ProgressListener() {
            @Override
            public void step(String what) {
                if (!what.startsWith("starting")) {
                    return;
                }
                switch (moment) {
                    case PLANNED -> die();
                    case SOME_COMMITTED -> watch("select count(*) > 0 from " + ledger + " where unit >= 0");
                    case ALL_COMMITTED ->
                        watch("select coalesce(sum(row_count), 0) >= " + rows + " from " + ledger + " where unit >= 0");
                    case FINALIZED -> {
                        keepFromBeingWritten(state);
                        watch("select count(*) > 0 from " + ledger + " where unit = -1 and sequence = 0");
                    }
                    default -> throw new IllegalStateException("no such moment: " + moment);
                }
            }

            @Override
            public void update(RunProgress progress) {
                // Of no interest here.
            }

            @Override
            public void done() {
                // Of no interest here.
            }
        };
    }

    private void watch(String question) {
        Thread watch = new Thread(() -> dieWhen(url, question));
        watch.setDaemon(true);
        watch.start();
    }

    /** Whoever wants to write to the file now waits. */
    private static void keepFromBeingWritten(Path state) {
        try {
            Statement statement =
                    DriverManager.getConnection("jdbc:sqlite:" + state).createStatement();
            statement.execute("begin immediate");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void dieWhen(String url, String question) {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            while (!isSo(statement, question)) {
                Thread.onSpinWait();
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        die();
    }

    private static boolean isSo(Statement statement, String question) {
        try (ResultSet rows = statement.executeQuery(question)) {
            return rows.next() && rows.getBoolean(1);
        } catch (SQLException e) {
            // The ledger is not there yet.
            return false;
        }
    }

    private static void die() {
        Runtime.getRuntime().halt(EXIT_CODE);
    }
}

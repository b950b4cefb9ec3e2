// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks;

import io.rapidbyte.benchmarks.peers.Contender;
import io.rapidbyte.benchmarks.peers.JdbcCopyPipe;
import io.rapidbyte.benchmarks.peers.JdbcIoCopy;
import io.rapidbyte.benchmarks.peers.PsqlCopyPipe;
import io.rapidbyte.benchmarks.peers.RapidbyteCopy;
import io.rapidbyte.benchmarks.peers.TableCopy;
import io.rapidbyte.pipelines.quickstart.CopyVerifier;
import io.rapidbyte.pipelines.quickstart.EmbeddedServer;
import io.rapidbyte.pipelines.quickstart.SampleShop;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Moves the quick start's largest table by every contender, in turn, round after round, on one server in one run, into a target that is
 * fresh each time; every copy is compared with its source, so that a fast wrong answer is a failure. The first round is told apart:
 * in it the JVM is cold.
 */
@Command(
        name = "peers",
        mixinStandardHelpOptions = true,
        description = "Compares Rapidbyte with other ways to copy a table.")
public final class PeerComparison implements Callable<Integer> {
    private static final String TABLE = "events";

    @Option(names = "--rows", defaultValue = "1000000", description = "Rows of the table; default ${DEFAULT-VALUE}.")
    private long rows;

    @Option(
            names = "--rounds",
            defaultValue = "5",
            description = "Rounds after the cold one; default ${DEFAULT-VALUE}.")
    private int rounds;

    /** Runs the comparison and prints its table; exits with 1 when a copy was not equal. */
    public static void main(String[] arguments) {
        // CHECKSTYLE:OFF a main method is where a process ends
        System.exit(new CommandLine(new PeerComparison()).execute(arguments));
        // CHECKSTYLE:ON
    }

    @Override
    public Integer call() throws Exception {
        List<Contender> contenders = new ArrayList<>();
        if (PsqlCopyPipe.isAvailable()) {
            contenders.add(new PsqlCopyPipe());
        }
        contenders.add(new JdbcCopyPipe());
        contenders.add(new RapidbyteCopy());
        contenders.add(new JdbcIoCopy());
        Map<String, List<Double>> seconds = new LinkedHashMap<>();
        try (EmbeddedServer server = EmbeddedServer.start()) {
            SampleShop.create(server, rows);
            TableCopy copy = new TableCopy(
                    server.host(),
                    server.port(),
                    EmbeddedServer.DATABASE,
                    EmbeddedServer.USER,
                    server.password(),
                    SampleShop.SCHEMA,
                    SampleShop.COPY,
                    TABLE);
            for (int round = 0; round <= rounds; round++) {
                for (Contender contender : contenders) {
                    freshTarget(copy);
                    long start = System.nanoTime();
                    contender.copy(copy);
                    double took = (System.nanoTime() - start) / 1e9;
                    if (!isEqual(copy)) {
                        System.err.println(contender.name() + " made a copy that differs from its source.");
                        return 1;
                    }
                    seconds.computeIfAbsent(contender.name(), name -> new ArrayList<>())
                            .add(took);
                    System.err.printf(Locale.ROOT, "round %d: %-26s %7.2f s%n", round, contender.name(), took);
                }
            }
        }
        print(seconds);
        return 0;
    }

    private void print(Map<String, List<Double>> seconds) {
        double ours = rows / median(warm(seconds.get(new RapidbyteCopy().name())));
        System.out.printf(
                Locale.ROOT,
                "%,d rows of %s, JDK %s, %d cores, %d rounds%n%n",
                rows,
                TABLE,
                System.getProperty("java.version"),
                Runtime.getRuntime().availableProcessors(),
                rounds);
        System.out.println(
                "| contender | first, cold | warm median | fastest | slowest | warm rows/s | Rapidbyte is |");
        System.out.println("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        seconds.forEach((name, all) -> {
            List<Double> warm = warm(all);
            double rate = rows / median(warm);
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.2f s | %.2f s | %.2f s | %.2f s | %,.0f | %.2f × |%n",
                    name,
                    all.get(0),
                    median(warm),
                    warm.get(0),
                    warm.get(warm.size() - 1),
                    rate,
                    ours / rate);
        });
    }

    private static List<Double> warm(List<Double> all) {
        return all.subList(Math.min(1, all.size() - 1), all.size()).stream()
                .sorted()
                .toList();
    }

    private static double median(List<Double> sorted) {
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    private static void freshTarget(TableCopy copy) throws SQLException {
        try (Connection connection = copy.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP SCHEMA IF EXISTS " + copy.targetSchema() + " CASCADE");
            statement.execute("CREATE SCHEMA " + copy.targetSchema());
            statement.execute("CREATE TABLE " + copy.targetSchema() + "." + copy.table() + " (LIKE "
                    + copy.sourceSchema() + "." + copy.table() + ")");
        }
    }

    private static boolean isEqual(TableCopy copy) throws SQLException {
        try (Connection connection = copy.connect()) {
            return new CopyVerifier(connection)
                    .compare(copy.sourceSchema(), copy.targetSchema(), copy.table())
                    .equal();
        }
    }
}

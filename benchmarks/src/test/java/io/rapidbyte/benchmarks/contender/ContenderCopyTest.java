// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.contender;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.rapidbyte.benchmarks.scenario.Scenario;
import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import io.rapidbyte.benchmarks.scenario.TableProfile;
import io.rapidbyte.benchmarks.server.BenchmarkServer;
import io.rapidbyte.benchmarks.server.SlowNetwork;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A figure is worth something when what was measured is a copy. */
class ContenderCopyTest {
    private static final int ROWS = 50;

    private static BenchmarkServer server;
    private static TableCopy copy;

    @BeforeAll
    static void start() throws IOException {
        server = BenchmarkServer.start(null);
        copy = server.copy(server.host(), server.port());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** All but the one that needs the launcher's build; readRows has no schema type for uuid and json, and rows of 50 MiB are not for all. */
    static Stream<Arguments> contendersAndProfiles() {
        return Contenders.all().stream()
                .filter(contender -> !(contender instanceof RapidbyteCommand))
                .flatMap(contender -> Arrays.stream(TableProfile.values())
                        .filter(profile -> profile != TableProfile.HUGE)
                        .filter(profile -> profile == TableProfile.SMALL
                                || !Set.of("jdbcio-readrows", "jdbcio-partitions-default")
                                        .contains(contender.name()))
                        .map(profile -> Arguments.of(contender.name(), profile)));
    }

    @ParameterizedTest(name = "{0} copies {1}")
    @MethodSource("contendersAndProfiles")
    void everyContenderMakesAnEqualCopy(String name, TableProfile profile) throws Exception {
        Contender contender = contender(name);
        assumeTrue(!(contender instanceof PsqlCopyPipe) || PsqlCopyPipe.isAvailable(), "there is no psql");
        server.createSource(profile, ROWS);
        server.freshTarget();

        // JdbcIO keeps connections, with their prepared plans, as long as the process lives, and no plan outlives a
        // change
        // of its table's columns; another port makes it connect anew.
        try (SlowNetwork network =
                SlowNetwork.start(new Scenario.Network(Duration.ZERO, null), server.host(), server.port())) {
            contender.copy(server.copy(server.host(), network.port()), Settings.NONE);
        }

        assertThat(server.verify().differences(), is(empty()));
        assertThat(contender.description(), is(not("")));
    }

    @Test
    void pipesSideBySideMakeOneCopy() throws Exception {
        assumeTrue(PsqlCopyPipe.isAvailable(), "there is no psql");
        server.createSource(TableProfile.SMALL, 1_000);
        server.freshTarget();

        PsqlCopyPipe.binary().copy(copy, Settings.NONE.with(Setting.PARTITIONS, "3"));

        assertThat(server.verify().differences(), is(empty()));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 50})
    void thePartsOfATableHaveEveryRowOnce(int count) throws SQLException {
        server.createSource(TableProfile.SMALL, 1_000);
        StringBuilder ids = new StringBuilder();
        for (String part : copy.parts(count)) {
            ids.append(ids.isEmpty() ? "" : " UNION ALL ")
                    .append("SELECT id FROM ")
                    .append(part)
                    .append(" AS part");
        }
        try (Connection connection = copy.connect();
                Statement statement = connection.createStatement();
                ResultSet result =
                        statement.executeQuery("SELECT count(*), count(DISTINCT id) FROM (" + ids + ") AS ids")) {
            result.next();
            assertThat(result.getLong(1), is(1_000L));
            assertThat(result.getLong(2), is(1_000L));
        }
        assertThat(copy.parts(count).size(), is(count));
    }

    @Test
    void encryptionThatTheServerDoesNotHaveFailsTheCopy() throws SQLException {
        server.createSource(TableProfile.SMALL, ROWS);
        server.freshTarget();

        assertThrows(
                Exception.class, () -> new RapidbyteCopy().copy(copy, Settings.NONE.with(Setting.SSLMODE, "require")));
    }

    @Test
    void aCopyDoesNotShowItsPassword() {
        assertThat(copy.toString(), not(containsString(copy.password())));
    }

    private static Contender contender(String name) {
        return Contenders.all().stream()
                .filter(contender -> contender.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}

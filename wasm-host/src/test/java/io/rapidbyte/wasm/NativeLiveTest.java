// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.testing.PostgresServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/**
 * The connectors' native tests with a server for those that need one. They need the guests' tool chain, which a JDK does not bring: the
 * gate asks for them.
 */
@EnabledIfEnvironmentVariable(named = "RAPIDBYTE_NATIVE_TESTS", matches = "true")
class NativeLiveTest {
    @Test
    void theConnectorsNativeTestsPassAgainstAServer() throws IOException, InterruptedException {
        PostgresServer server = PostgresServer.shared();
        Path log = Path.of("target", "native-tests.log");
        ProcessBuilder tests = new ProcessBuilder("../connectors/build.sh", "--test")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        tests.environment()
                .put(
                        "RAPIDBYTE_TEST_POSTGRES",
                        new ObjectMapper()
                                .writeValueAsString(Map.of(
                                        "host", server.host(),
                                        "port", server.port(),
                                        "user", PostgresServer.SUPERUSER,
                                        "password", PostgresServer.SUPERUSER_PASSWORD,
                                        "database", server.database())));
        assertThat(
                "exit code of connectors/build.sh --test, whose output is in " + log.toAbsolutePath(),
                tests.start().waitFor(),
                is(0));
    }
}

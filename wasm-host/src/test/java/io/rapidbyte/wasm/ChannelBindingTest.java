// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestCertificates;
import io.rapidbyte.testing.TestSchema;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code channel_binding}: whether a password can be used through somebody who stands in between. */
@Timeout(60)
class ChannelBindingTest {
    private static TestSchema schema;

    @BeforeAll
    static void createTable() {
        schema = PostgresServer.encrypted().newSchema();
        schema.execute("create table orders as select 1 as id");
    }

    @AfterAll
    static void dropTable() {
        schema.close();
    }

    private static Map<String, Object> config(String user, String binding) {
        Map<String, Object> config = new HashMap<>(schema.config(user, PostgresServer.PASSWORD));
        config.put("host", "localhost");
        config.put("sslmode", "verify-full");
        config.put("sslrootcert", TestCertificates.shared().certificate(TestCertificates.AUTHORITY));
        config.put("channel_binding", binding);
        return config;
    }

    private static String outcome(Map<String, Object> config) {
        try (SourceConnector source = PostgresSource.open(config)) {
            return source.plan(StreamSpec.of("orders")).units() + " unit";
        } catch (ConnectorException failure) {
            return failure.error().code();
        }
    }

    private static ConnectorException failure(Category category, String code, Map<String, Object> config) {
        try (SourceConnector source = PostgresSource.open(config)) {
            return Failures.of(category, code, () -> source.plan(StreamSpec.of("orders")));
        }
    }

    @ParameterizedTest
    @CsvSource({"disable", "prefer", "require"})
    void scramOverTlsCanDoAll(String binding) {
        assertThat(outcome(config(PostgresServer.USER, binding)), is("1 unit"));
    }

    @Test
    void aDestinationCanRequireItToo() {
        ConnectorModule destination = ConnectorModule.bundled("dest-postgres");
        InstanceOptions options = InstanceOptions.of("run-1");
        String bound = PostgresSource.json(config(PostgresServer.USER, "require"));
        try (DestinationConnector connector = WasmHost.shared().openDestination(destination, bound, options)) {
            assertThat(connector.check(List.of(), WriteMode.APPEND, List.of()).ok(), is(true));
        }
        String unbound = PostgresSource.json(config(PostgresServer.TRUSTED_USER, "require"));
        try (DestinationConnector connector = WasmHost.shared().openDestination(destination, unbound, options)) {
            Failures.of(
                    Category.AUTH,
                    "channel_binding_required",
                    () -> connector.check(List.of(), WriteMode.APPEND, List.of()));
        }
    }

    @ParameterizedTest
    @CsvSource({
        PostgresServer.TRUSTED_USER + ", lets this user in without a password",
        PostgresServer.PASSWORD_USER + ", asks for the password in clear text",
        PostgresServer.MD5_USER + ", asks for an MD5 hash of the password",
    })
    void whatCannotBeBoundIsUsedUnlessBindingIsRequired(String user, String reason) {
        assertThat(outcome(config(user, "prefer")), is("1 unit"));
        ConnectorException failure = failure(Category.AUTH, "channel_binding_required", config(user, "require"));
        assertThat(failure.getMessage(), containsString("'channel_binding' is require, and the server " + reason));
        assertThat(failure.error().hint(), containsString("scram-sha-256"));
    }

    @Test
    void aServerWithoutTlsHasNothingToBindTo() {
        try (TestSchema plain = PostgresServer.shared().newSchema()) {
            Map<String, Object> config = plain.config();
            config.put("channel_binding", "require");
            ConnectorException failure = failure(Category.AUTH, "channel_binding_required", config);
            assertThat(failure.getMessage(), containsString("the server does not offer encryption"));
            assertThat(failure.error().hint(), containsString("switch TLS on"));
        }
    }

    @Test
    void requiringItWithoutEncryptionIsAContradiction() {
        Map<String, Object> config = config(PostgresServer.USER, "require");
        config.put("sslmode", "disable");
        ConnectorException failure = Failures.of(
                Category.CONFIG,
                "invalid_config",
                () -> PostgresSource.open(config).close());
        assertThat(failure.getMessage(), containsString("'channel_binding' is require, which needs encryption"));
    }

    @Test
    void aMiddlemanWithATrustedCertificateGetsNothingOutOfAPassword() throws Exception {
        try (TlsMiddleman middleman =
                new TlsMiddleman(PostgresServer.encrypted().port())) {
            for (String binding : new String[] {"prefer", "require"}) {
                Map<String, Object> config = config(PostgresServer.USER, binding);
                config.put("port", middleman.port());
                ConnectorException failure = failure(Category.AUTH, "28000", config);
                assertThat(failure.getMessage(), containsString("channel binding"));
            }
            Map<String, Object> unbound = config(PostgresServer.USER, "disable");
            unbound.put("port", middleman.port());
            assertThat("without binding nobody notices", outcome(unbound), is("1 unit"));
        }
    }
}

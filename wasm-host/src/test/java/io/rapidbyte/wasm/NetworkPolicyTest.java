// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.instanceOf;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may connect to whom: the manifest asks, the pipeline allows, and both must. */
class NetworkPolicyTest {
    private static final String CONFIGURED =
            "[{\"host\": {\"config\": \"host\"}, \"port\": {\"config\": \"port\", \"default\": 5432}}]";
    private static final String ANY = "[{\"host\": \"*\", \"port\": \"*\"}]";

    private static NetworkPolicy policy(String network, String config, Grants grants) throws IOException {
        String manifest =
                "{\"name\": \"tester\", \"version\": \"1\", \"abi\": 1, \"role\": \"source\", \"permissions\":"
                        + " {\"network\": " + network + "}}";
        return new NetworkPolicy(
                ManifestReader.read("test", manifest.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                Json.MAPPER.readTree(config),
                grants);
    }

    private static boolean allows(NetworkPolicy policy, String host, int port, String address) throws IOException {
        try {
            policy.requireName(host, port);
            return !policy.permitted(host, port, new InetAddress[] {InetAddress.getByName(address)})
                    .isEmpty();
        } catch (ImportFailure e) {
            assertThat(e.error().category(), is(Category.PERMISSION));
            assertThat(e.error().code(), is("network_denied"));
            assertThat(e.getMessage(), allOf(containsString("tester"), containsString(String.valueOf(port))));
            return false;
        }
    }

    private static Grants hosts(String list) {
        return Grants.nothing().withAllowedHosts(list == null || list.isEmpty() ? List.of() : List.of(list.split(" ")));
    }

    @ParameterizedTest
    @CsvSource({
        // asked by the configuration, connected to, port, allowed
        "db.example.com, db.example.com, 5432, true",
        "db.example.com, db.example.com, 5433, false",
        "db.example.com, other.example.com, 5432, false",
        "db.example.com, localhost, 5432, false",
        "DB.Example.com., db.example.com, 5432, true",
        "10.1.2.3, 10.1.2.3, 5432, true",
        "::1, 0:0:0:0:0:0:0:1, 5432, true",
        "10.1.2.3, 10.1.2.4, 5432, false"
    })
    void theManifestAloneGrantsWhatTheConfigurationNames(String configured, String host, int port, boolean allowed)
            throws IOException {
        NetworkPolicy policy = policy(CONFIGURED, "{\"host\": \"" + configured + "\"}", Grants.manifestOnly());
        String address = AddressRange.literal(host) == null ? "192.0.2.7" : host;
        assertThat(allows(policy, host, port, address), is(allowed));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // hosts | ports | connected to | port | allowed
                "a.example,b.example | 5432 | a.example | 5432 | true",
                "a.example, b.example | 5432 | b.example | 5432 | true",
                "a.example,b.example | 1, 2 | b.example | 2 | true",
                "a.example,b.example | 1,2 | b.example | 1 | false",
                "a.example,b.example | 1,2,3 | a.example | 1 | false",
                "a.example,* | 1,2 | c.example | 2 | true",
                "a.example,b.example | 1,2 | a.example,b.example | 1 | false"
            })
    void severalHostsHaveOnePortOrEachItsOwn(String hosts, String ports, String host, int port, boolean allowed)
            throws IOException {
        NetworkPolicy policy =
                policy(CONFIGURED, "{\"host\": \"" + hosts + "\", \"port\": \"" + ports + "\"}", Grants.manifestOnly());
        assertThat(allows(policy, host, port, "192.0.2.7"), is(allowed));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // allowed hosts | connected to | port | resolves to | allowed
                "db.example.com | db.example.com | 5432 | 192.0.2.7 | true",
                "DB.EXAMPLE.COM | db.example.com | 5432 | 192.0.2.7 | true",
                "db.example.com:5432 | db.example.com | 5432 | 192.0.2.7 | true",
                "db.example.com:5432 | db.example.com | 5433 | 192.0.2.7 | false",
                "db.example.com | sub.db.example.com | 5432 | 192.0.2.7 | false",
                "*.example.com | db.example.com | 5432 | 192.0.2.7 | true",
                "*.example.com | a.b.example.com | 5432 | 192.0.2.7 | true",
                "*.example.com | example.com | 5432 | 192.0.2.7 | false",
                "*.example.com | badexample.com | 5432 | 192.0.2.7 | false",
                "*.example.com:5432 | db.example.com | 5433 | 192.0.2.7 | false",
                "10.0.0.0/8 | db.example.com | 5432 | 10.1.2.3 | true",
                "10.0.0.0/8 | db.example.com | 5432 | 11.1.2.3 | false",
                "10.0.0.0/8:5432 | 10.9.9.9 | 5432 | 10.9.9.9 | true",
                "10.0.0.0/8:5432 | 10.9.9.9 | 5433 | 10.9.9.9 | false",
                "10.1.2.3 | 10.1.2.3 | 5432 | 10.1.2.3 | true",
                "10.1.2.3 | db.example.com | 5432 | 10.1.2.3 | true",
                "fd00::/8 | db.example.com | 5432 | fd12::1 | true",
                "fd00::/8 | db.example.com | 5432 | fe12::1 | false",
                "[::1]:5432 | ::1 | 5432 | ::1 | true",
                "[::1]:5432 | ::1 | 5433 | ::1 | false",
                "* | anything.example | 1 | 192.0.2.7 | true",
                "other.example *.example.com | db.example.com | 5432 | 192.0.2.7 | true",
                "'' | db.example.com | 5432 | 192.0.2.7 | false",
                // A name that leads to a cloud's metadata service.
                "* | metadata.example | 80 | 169.254.169.254 | false",
                "metadata.example | metadata.example | 80 | 169.254.169.254 | false",
                "169.254.169.254 | metadata.example | 80 | 169.254.169.254 | true",
                "* | nowhere.example | 80 | 0.0.0.0 | false"
            })
    void thePipelineNarrowsWhatTheManifestAsksFor(
            String allowedHosts, String host, int port, String address, boolean allowed) throws IOException {
        NetworkPolicy policy = policy(ANY, "{}", hosts(allowedHosts));
        assertThat(allows(policy, host, port, address), is(allowed));
    }

    /** A resolver may hand out an IPv4 address as an IPv6 one, and the system connects to the same server by either. */
    @Test
    void anAddressInTheDressOfAnotherFamilyIsJudgedAsWhatItIs() throws Exception {
        byte[] mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, (byte) 169, (byte) 254, (byte) 169, (byte) 254};
        InetAddress dressed = Inet6Address.getByAddress("metadata.example", mapped, 0);
        assertThat(dressed, instanceOf(Inet6Address.class));
        NetworkPolicy policy = policy(ANY, "{}", hosts("*"));
        assertThrows(ImportFailure.class, () -> policy.permitted("metadata.example", 80, new InetAddress[] {dressed}));
    }

    /** To ask for any host is not to name one. */
    @Test
    void aManifestThatAsksForAnyHostDoesNotNameTheMetadataService() throws IOException {
        assertThat(
                allows(policy(ANY, "{}", Grants.manifestOnly()), "169.254.169.254", 80, "169.254.169.254"), is(false));
    }

    @Test
    void whatThePipelineAllowsTheManifestMustAskFor() throws IOException {
        NetworkPolicy policy = policy("[]", "{}", hosts("*"));
        assertThat(allows(policy, "db.example.com", 5432, "192.0.2.7"), is(false));
    }

    @Test
    void onlyTheAddressesThatAreGrantedAreUsed() throws IOException, ImportFailure {
        NetworkPolicy policy = policy(ANY, "{}", hosts("10.0.0.0/8"));
        InetAddress[] resolved = {InetAddress.getByName("192.0.2.7"), InetAddress.getByName("10.1.1.1")};
        assertThat(policy.permitted("db.example.com", 5432, resolved), hasSize(1));
    }

    @Test
    void aDenialSaysWhatToAddWhere() throws IOException {
        NetworkPolicy policy = policy(ANY, "{}", hosts("db.example.com"));
        ImportFailure failure = assertThrows(ImportFailure.class, () -> policy.requireName("10.0.0.1", 5432));
        assertThat(failure.error().message(), containsString("10.0.0.1:5432"));
        assertThat(
                failure.error().hint(), containsString("Add \"10.0.0.1:5432\" to permissions.network.allowed_hosts"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "a b", "host:notaport", "host:0", "host:70000", "http://x", "10.0.0.0/99", "*.*", "a*b"})
    void anEntryThatMeansNothingIsAnErrorOfTheConfiguration(String entry) {
        Failures.of(
                Category.CONFIG,
                "bad_allowed_host",
                () -> policy(ANY, "{}", Grants.nothing().withAllowedHosts(List.of(entry))));
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Values of members that the schema calls secret are masked in every form in which they could be seen. */
class SecretsTest {
    private static Secrets secrets(String schema, String config) throws IOException {
        return Secrets.of(Json.MAPPER.readTree(Probes.json(schema)), Json.MAPPER.readTree(Probes.json(config)));
    }

    @Test
    void onlyMarkedMembersAreMasked() throws IOException {
        Secrets secrets = secrets(
                "{'properties': {'user': {}, 'password': {'x-secret': true}}}",
                "{'user': 'alice', 'password': 'hunter2'}");
        assertThat(secrets.mask("alice uses hunter2, hunter2!"), is("alice uses ***, ***!"));
    }

    @Test
    void nestedMembersArraysAndAlternativesAreLookedInto() throws IOException {
        Secrets secrets = secrets(
                "{'properties': {'tls': {'properties': {'keys': {'items': {'x-secret': true}}}}},"
                        + " 'anyOf': [{'properties': {'token': {'x-secret': true}}}]}",
                "{'tls': {'keys': ['first-key', 'second-key']}, 'token': 12345678}");
        assertThat(secrets.mask("first-key second-key 12345678"), is("*** *** ***"));
    }

    @Test
    void quotedAndEncodedFormsAreMaskedToo() throws IOException {
        String config = "{\"password\": \"a\\\"b c/d\"}";
        Secrets secrets = Secrets.of(
                Json.MAPPER.readTree("{\"properties\": {\"password\": {\"x-secret\": true}}}"),
                Json.MAPPER.readTree(config));
        assertThat(secrets.mask("postgres://u:a%22b%20c%2Fd@h"), is("postgres://u:***@h"));
        assertThat(secrets.mask("{\"p\":\"a\\\"b c/d\"}"), is("{\"p\":\"***\"}"));
    }

    @Test
    void aLineOfALongSecretIsMaskedByItself() throws IOException {
        Secrets secrets = secrets(
                "{'properties': {'key': {'x-secret': true}}}",
                "{'key': '-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0\\n-----END PRIVATE KEY-----'}");
        assertThat(secrets.mask("found MIIEvQIBADANBgkqhkiG9w0 here"), not(containsString("MIIE")));
    }

    @Test
    void oneSecretInsideOfAnotherLeavesNothing() throws IOException {
        Secrets secrets = secrets(
                "{'properties': {'a': {'x-secret': true}, 'b': {'x-secret': true}}}",
                "{'a': 'secret', 'b': 'secret-longer'}");
        assertThat(secrets.mask("secret-longer secret"), is("*** ***"));
    }

    @Test
    void anEmptySecretMasksNothing() throws IOException {
        Secrets secrets = secrets("{'properties': {'password': {'x-secret': true}}}", "{'password': ''}");
        assertThat(secrets.mask("text"), is("text"));
    }
}

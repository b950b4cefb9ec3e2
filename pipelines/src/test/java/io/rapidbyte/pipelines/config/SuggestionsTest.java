// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SuggestionsTest {
    private static final List<String> FIELDS = List.of("host", "port", "password", "database", "write_mode");

    @Test
    void aSlipOfThePenIsRecognised() {
        assertThat(Suggestions.closest("hots", FIELDS), is(Optional.of("host")));
        assertThat(Suggestions.closest("passwrd", FIELDS), is(Optional.of("password")));
        assertThat(Suggestions.closest("Write-Mode", FIELDS), is(Optional.of("write_mode")));
    }

    @Test
    void aDifferentWordIsNot() {
        assertThat(Suggestions.closest("username", FIELDS), is(Optional.empty()));
        assertThat(Suggestions.closest("x", List.of()), is(Optional.empty()));
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.function.Executable;

/** What a call that must fail failed with. */
final class Failures {
    private Failures() {}

    static ConnectorException of(Category category, String code, Executable call) {
        ConnectorException failure = assertThrows(ConnectorException.class, call);
        assertThat(failure.getMessage(), failure.error().code(), is(code));
        assertThat(failure.getMessage(), failure.error().category(), is(category));
        assertThat("a message names the connector", failure.getMessage(), containsString(failure.connector()));
        return failure;
    }
}
